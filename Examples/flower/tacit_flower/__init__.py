"""FedAvg over Tacit workers and stock SuperNodes together."""
