# IAM: roles for machines, functions and deployments, a customer managed policy, and a user in a group.

data "aws_partition" "current" {}

data "aws_iam_policy_document" "trust" {
  for_each = toset(["ec2", "lambda", "codedeploy"])

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["${each.key}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "machine" {
  name                 = "machine"
  path                 = "/shop/"
  description          = "What instances may do"
  max_session_duration = 7200
  assume_role_policy   = data.aws_iam_policy_document.trust["ec2"].json
}

resource "aws_iam_instance_profile" "machine" {
  name = "machine"
  role = aws_iam_role.machine.name
}

resource "aws_iam_role" "function" {
  name               = "function"
  assume_role_policy = data.aws_iam_policy_document.trust["lambda"].json
}

data "aws_iam_policy_document" "function" {
  statement {
    actions = [
      "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents",
      "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:SendMessage",
      "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams",
      "ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "function" {
  name   = "inline"
  role   = aws_iam_role.function.id
  policy = data.aws_iam_policy_document.function.json
}

resource "aws_iam_role" "deployment" {
  name               = "deployment"
  assume_role_policy = data.aws_iam_policy_document.trust["codedeploy"].json
}

resource "aws_iam_role_policy_attachment" "deployment" {
  role       = aws_iam_role.deployment.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AWSCodeDeployRole"
}

resource "aws_iam_policy" "read" {
  name        = "read-releases"
  description = "Reads releases"

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["s3:GetObject"], Resource = "arn:aws:s3:::shop-releases/*" }]
  })
}

resource "aws_iam_role_policy_attachment" "machine" {
  role       = aws_iam_role.machine.name
  policy_arn = aws_iam_policy.read.arn
}

resource "aws_iam_user" "robot" {
  name = "robot"
}

resource "aws_iam_access_key" "robot" {
  user = aws_iam_user.robot.name
}

resource "aws_iam_group" "robots" {
  name = "robots"
}

resource "aws_iam_group_membership" "robots" {
  name  = "robots"
  group = aws_iam_group.robots.name
  users = [aws_iam_user.robot.name]
}

resource "aws_iam_group_policy_attachment" "robots" {
  group      = aws_iam_group.robots.name
  policy_arn = aws_iam_policy.read.arn
}

resource "aws_iam_user_policy" "robot" {
  name = "list"
  user = aws_iam_user.robot.name

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:ListAllMyBuckets", Resource = "*" }]
  })
}

output "instance_profile" {
  value = aws_iam_instance_profile.machine.name
}

output "function_role" {
  value      = aws_iam_role.function.arn
  depends_on = [aws_iam_role_policy.function]
}

output "deployment_role" {
  value      = aws_iam_role.deployment.arn
  depends_on = [aws_iam_role_policy_attachment.deployment]
}

resource "aws_iam_account_alias" "shop" {
  account_alias = "shop"
}
