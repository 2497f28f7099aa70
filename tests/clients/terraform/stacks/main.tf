# CloudFormation: a stack inside the configuration, and what it exports.

resource "aws_cloudformation_stack" "inbox" {
  name               = "inbox"
  parameters         = { Retention = "3600" }
  timeout_in_minutes = 10

  template_body = jsonencode({
    Parameters = { Retention = { Type = "Number" } }
    Resources = {
      Inbox = { Type = "AWS::SQS::Queue", Properties = { MessageRetentionPeriod = { Ref = "Retention" } } }
    }
    Outputs = {
      Url = { Value = { Ref = "Inbox" }, Export = { Name = "inbox-url" } }
    }
  })
}

data "aws_cloudformation_export" "inbox" {
  name       = "inbox-url"
  depends_on = [aws_cloudformation_stack.inbox]
}

output "inbox" {
  value = data.aws_cloudformation_export.inbox.value
}
