"""One campaign: one plan on one network, from calibration to sealed run."""
