"""Step Functions' API on one machine: durable executions, behind AWS's own protocol."""
