"""What engines are made of: requests as a server, a batch service or a tokenizer wants them."""
