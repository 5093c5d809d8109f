"""What people hand in becomes what the models take: files are opened, the writing is found, and framed."""
