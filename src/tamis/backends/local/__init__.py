"""Local: this machine's processes and files, the default behind every port."""
