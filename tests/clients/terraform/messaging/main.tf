# Queues with a dead-letter queue, and topics that fan out to them. The provider waits 25 seconds after each change of a queue,
# so their policies are written in place.

data "aws_caller_identity" "current" {}

locals {
  orders = "arn:aws:sqs:us-east-1:${data.aws_caller_identity.current.account_id}:orders"
}

resource "aws_sqs_queue" "dead" {
  name                      = "orders-dead"
  message_retention_seconds = 1209600

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.orders]
  })
}

resource "aws_sqs_queue" "orders" {
  name                       = "orders"
  visibility_timeout_seconds = 120
  receive_wait_time_seconds  = 5
  sqs_managed_sse_enabled    = true

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = 3
  })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = ["sns.amazonaws.com", "events.amazonaws.com"] }
      Action    = "sqs:SendMessage"
      Resource  = local.orders
    }]
  })
}

resource "aws_sqs_queue" "ledger" {
  name                        = "ledger.fifo"
  fifo_queue                  = true
  content_based_deduplication = true
  deduplication_scope         = "messageGroup"
  fifo_throughput_limit       = "perMessageGroupId"
}

resource "aws_sns_topic" "orders" {
  name         = "orders"
  display_name = "Orders"
}

resource "aws_sns_topic" "ledger" {
  name       = "ledger.fifo"
  fifo_topic = true
}

resource "aws_sns_topic_policy" "orders" {
  arn = aws_sns_topic.orders.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Alarms"
      Effect    = "Allow"
      Principal = { Service = ["cloudwatch.amazonaws.com", "events.amazonaws.com"] }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.orders.arn
    }]
  })
}

resource "aws_sns_topic_subscription" "orders" {
  topic_arn            = aws_sns_topic.orders.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.orders.arn
  raw_message_delivery = true
  filter_policy        = jsonencode({ kind = ["order"] })

  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn })
}

output "queue" {
  value = aws_sqs_queue.orders.arn
}

output "topic" {
  value = aws_sns_topic.orders.arn
}
