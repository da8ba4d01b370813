"""What the product keeps, in one DynamoDB table and one bucket."""
