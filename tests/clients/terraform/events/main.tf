# EventBridge: a bus of the shop's own, rules by pattern and by time, and their targets.

variable "queue" {
  type = string
}

variable "topic" {
  type = string
}

variable "function" {
  type = string
}

resource "aws_cloudwatch_event_bus" "shop" {
  name = "shop"
}

resource "aws_cloudwatch_event_rule" "paid" {
  name           = "paid"
  event_bus_name = aws_cloudwatch_event_bus.shop.name
  description    = "Paid orders"

  event_pattern = jsonencode({
    source        = ["shop"]
    "detail-type" = ["paid"]
  })
}

resource "aws_cloudwatch_event_target" "paid" {
  rule           = aws_cloudwatch_event_rule.paid.name
  event_bus_name = aws_cloudwatch_event_bus.shop.name
  target_id      = "queue"
  arn            = var.queue

  input_transformer {
    input_paths    = { total = "$.detail.total" }
    input_template = "{\"paid\": <total>}"
  }

  retry_policy {
    maximum_event_age_in_seconds = 300
    maximum_retry_attempts       = 2
  }
}

resource "aws_cloudwatch_event_rule" "hourly" {
  name                = "hourly"
  schedule_expression = "rate(1 hour)"
}

resource "aws_cloudwatch_event_target" "hourly" {
  rule  = aws_cloudwatch_event_rule.hourly.name
  arn   = var.function
  input = jsonencode({ job = "report" })
}

resource "aws_lambda_permission" "hourly" {
  statement_id  = "hourly"
  action        = "lambda:InvokeFunction"
  function_name = var.function
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.hourly.arn
}

resource "aws_cloudwatch_event_target" "topic" {
  rule = aws_cloudwatch_event_rule.hourly.name
  arn  = var.topic
}

resource "aws_cloudwatch_event_permission" "neighbour" {
  principal      = "111122223333"
  statement_id   = "neighbour"
  event_bus_name = aws_cloudwatch_event_bus.shop.name
}
