# CodeDeploy: an application, a configuration, and a group that rolls back by itself.

variable "role" {
  type = string
}

variable "scaling_group" {
  type = string
}

variable "target_group" {
  type = string
}

variable "topic" {
  type = string
}

variable "alarm" {
  type = string
}

resource "aws_codedeploy_app" "web" {
  name             = "web"
  compute_platform = "Server"
}

resource "aws_codedeploy_deployment_config" "careful" {
  deployment_config_name = "careful"

  minimum_healthy_hosts {
    type  = "HOST_COUNT"
    value = 1
  }
}

resource "aws_codedeploy_deployment_group" "production" {
  app_name               = aws_codedeploy_app.web.name
  deployment_group_name  = "production"
  service_role_arn       = var.role
  deployment_config_name = aws_codedeploy_deployment_config.careful.id
  autoscaling_groups     = [var.scaling_group]

  deployment_style {
    deployment_option = "WITH_TRAFFIC_CONTROL"
    deployment_type   = "IN_PLACE"
  }

  load_balancer_info {
    target_group_info {
      name = var.target_group
    }
  }

  auto_rollback_configuration {
    enabled = true
    events  = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]
  }

  alarm_configuration {
    enabled = true
    alarms  = [var.alarm]
  }

  trigger_configuration {
    trigger_name       = "failures"
    trigger_events     = ["DeploymentFailure"]
    trigger_target_arn = var.topic
  }
}

resource "aws_codedeploy_app" "functions" {
  name             = "functions"
  compute_platform = "Lambda"
}

resource "aws_codedeploy_deployment_group" "functions" {
  app_name               = aws_codedeploy_app.functions.name
  deployment_group_name  = "live"
  service_role_arn       = var.role
  deployment_config_name = "CodeDeployDefault.LambdaCanary10Percent5Minutes"

  deployment_style {
    deployment_option = "WITH_TRAFFIC_CONTROL"
    deployment_type   = "BLUE_GREEN"
  }
}
