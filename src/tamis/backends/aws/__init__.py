"""AWS: S3 behind the Store port."""
