"""A network of validators and members on this machine, from one network description file."""
