# Lambda: versions, an alias that splits, sources of events, permissions, and what becomes of failures.

variable "package" {
  type = string
}

variable "role" {
  type = string
}

variable "queue" {
  type = string
}

resource "aws_cloudwatch_log_group" "orders" {
  name              = "/aws/lambda/orders"
  retention_in_days = 14
}

resource "aws_lambda_function" "orders" {
  function_name    = "orders"
  description      = "Takes orders"
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  handler          = "index.handler"
  runtime          = "nodejs22.x"
  architectures    = ["arm64"]
  role             = var.role
  timeout          = 20
  memory_size      = 256
  publish          = true

  environment {
    variables = { STAGE = "production" }
  }

  depends_on = [aws_cloudwatch_log_group.orders]
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.orders.function_name
  function_version = aws_lambda_function.orders.version
}

resource "aws_lambda_event_source_mapping" "queue" {
  event_source_arn                   = var.queue
  function_name                      = aws_lambda_alias.live.arn
  batch_size                         = 5
  maximum_batching_window_in_seconds = 1
  function_response_types            = ["ReportBatchItemFailures"]
}

resource "aws_lambda_permission" "events" {
  statement_id   = "events"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.orders.function_name
  qualifier      = aws_lambda_alias.live.name
  principal      = "events.amazonaws.com"
  source_account = "000000000000"
}

resource "aws_lambda_function_event_invoke_config" "orders" {
  function_name                = aws_lambda_function.orders.function_name
  maximum_event_age_in_seconds = 300
  maximum_retry_attempts       = 1

  destination_config {
    on_failure {
      destination = var.queue
    }
  }
}

resource "aws_lambda_invocation" "first" {
  function_name = aws_lambda_function.orders.function_name
  input         = jsonencode({ hello = "world" })
}

output "function" {
  value = aws_lambda_function.orders.arn
}

output "function_name" {
  value = aws_lambda_function.orders.function_name
}
