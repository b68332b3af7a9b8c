"""What the services need from the outside, as protocols that adapters and fakes implement."""
