"""What a network, a vantage and a probe are to each other: the contracts, and finding who fulfils them."""
