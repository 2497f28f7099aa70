# What a team might write for a shop: one module for each subject, all of them applied and destroyed together.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

provider "aws" {
  region = "us-east-1"

  default_tags {
    tags = { owner = "shop" }
  }
}

variable "package" {
  type        = string
  description = "A zip file with the code of the functions."
}

module "network" {
  source = "./network"
}

module "access" {
  source = "./access"
}

module "compute" {
  source           = "./compute"
  subnets          = module.balancing.subnets
  security_group   = module.balancing.security_group
  instance_profile = module.access.instance_profile
  target_groups    = [module.balancing.target_group]
}

module "balancing" {
  source = "./balancing"
}

module "storage" {
  source  = "./storage"
  key_arn = module.secrets.key_arn
}

module "messaging" {
  source = "./messaging"
}

module "tables" {
  source  = "./tables"
  key_arn = module.secrets.key_arn
}

module "functions" {
  source  = "./functions"
  package = var.package
  role    = module.access.function_role
  queue   = module.messaging.queue
}

module "events" {
  source   = "./events"
  queue    = module.messaging.queue
  topic    = module.messaging.topic
  function = module.functions.function
}

module "monitoring" {
  source        = "./monitoring"
  topic         = module.messaging.topic
  function      = module.functions.function
  scaling_group = module.compute.scaling_group
}

module "secrets" {
  source = "./secrets"
}

module "names" {
  source        = "./names"
  vpc_id        = module.network.vpc_id
  balancer_name = module.balancing.classic_name
  balancer_zone = module.balancing.classic_zone
}

module "images" {
  source = "./images"
}

module "deployment" {
  source        = "./deployment"
  role          = module.access.deployment_role
  scaling_group = module.compute.scaling_group
  target_group  = module.balancing.target_group_name
  topic         = module.messaging.topic
  alarm         = module.monitoring.alarm
}

module "stacks" {
  source = "./stacks"
}
