"""What the product does when it is asked: one class for each subject, acting for a caller on the store and on AWS."""
