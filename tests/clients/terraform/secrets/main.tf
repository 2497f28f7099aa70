# KMS keys, secrets and parameters.

data "aws_caller_identity" "current" {}

resource "aws_kms_key" "shop" {
  description             = "The shop's data"
  enable_key_rotation     = true
  deletion_window_in_days = 7

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Root"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })
}

resource "aws_kms_alias" "shop" {
  name          = "alias/shop"
  target_key_id = aws_kms_key.shop.key_id
}

resource "aws_kms_key" "plain" {}

resource "aws_kms_grant" "robot" {
  name              = "robot"
  key_id            = aws_kms_key.plain.key_id
  grantee_principal = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:root"
  operations        = ["Encrypt", "Decrypt"]
}

resource "aws_secretsmanager_secret" "database" {
  name                    = "shop/database"
  description             = "Its password"
  kms_key_id              = aws_kms_key.shop.arn
  recovery_window_in_days = 0
}

resource "aws_secretsmanager_secret_version" "database" {
  secret_id     = aws_secretsmanager_secret.database.id
  secret_string = jsonencode({ username = "shop", password = "correct horse" })
}

resource "aws_secretsmanager_secret_policy" "database" {
  secret_arn = aws_secretsmanager_secret.database.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:root" }
      Action    = "secretsmanager:GetSecretValue"
      Resource  = "*"
    }]
  })
}

data "aws_secretsmanager_random_password" "another" {
  password_length = 20
}

resource "aws_ssm_parameter" "url" {
  name  = "/shop/url"
  type  = "String"
  value = "https://shop.example.com"
}

resource "aws_ssm_parameter" "zones" {
  name  = "/shop/zones"
  type  = "StringList"
  value = "a,b"
}

resource "aws_ssm_parameter" "token" {
  name   = "/shop/token"
  type   = "SecureString"
  key_id = aws_kms_key.shop.arn
  value  = "secret"
}

resource "aws_ssm_document" "restart" {
  name          = "shop-restart"
  document_type = "Command"

  content = jsonencode({
    schemaVersion = "2.2"
    description   = "Restarts the shop"
    mainSteps = [{
      action = "aws:runShellScript"
      name   = "restart"
      inputs = { runCommand = ["systemctl restart shop"] }
    }]
  })
}

output "key_arn" {
  value = aws_kms_key.shop.arn
}
