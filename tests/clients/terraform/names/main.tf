# Route 53: a public zone with records of several kinds, a private one, and a health check.

variable "vpc_id" {
  type = string
}

variable "balancer_name" {
  type = string
}

variable "balancer_zone" {
  type = string
}

resource "aws_route53_zone" "shop" {
  name          = "shop.example.com"
  comment       = "The shop"
  force_destroy = true
}

resource "aws_route53_zone" "internal" {
  name = "shop.internal"

  vpc {
    vpc_id = var.vpc_id
  }
}

resource "aws_route53_health_check" "web" {
  type              = "HTTP"
  fqdn              = "www.shop.example.com"
  port              = 80
  resource_path     = "/health"
  failure_threshold = 3
  request_interval  = 30
}

resource "aws_route53_record" "web" {
  zone_id = aws_route53_zone.shop.zone_id
  name    = "www"
  type    = "A"

  alias {
    name                   = var.balancer_name
    zone_id                = var.balancer_zone
    evaluate_target_health = true
  }
}

resource "aws_route53_record" "mail" {
  zone_id = aws_route53_zone.shop.zone_id
  name    = "shop.example.com"
  type    = "TXT"
  ttl     = 300
  records = ["v=spf1 -all"]
}

resource "aws_route53_record" "weighted" {
  for_each       = { blue = 90, green = 10 }
  zone_id        = aws_route53_zone.shop.zone_id
  name           = "api.shop.example.com"
  type           = "CNAME"
  ttl            = 60
  set_identifier = each.key
  records        = ["${each.key}.shop.example.com"]

  weighted_routing_policy {
    weight = each.value
  }
}

resource "aws_route53_record" "failover" {
  zone_id         = aws_route53_zone.shop.zone_id
  name            = "site.shop.example.com"
  type            = "A"
  ttl             = 60
  set_identifier  = "primary"
  records         = ["192.0.2.1"]
  health_check_id = aws_route53_health_check.web.id

  failover_routing_policy {
    type = "PRIMARY"
  }
}

resource "aws_route53_record" "database" {
  zone_id = aws_route53_zone.internal.zone_id
  name    = "database"
  type    = "A"
  ttl     = 60
  records = ["10.20.10.5"]
}

resource "aws_route53_record" "nearest" {
  zone_id        = aws_route53_zone.shop.zone_id
  name           = "nearest"
  type           = "A"
  ttl            = 60
  set_identifier = "east"
  records        = ["192.0.2.2"]

  latency_routing_policy {
    region = "us-east-1"
  }
}

resource "aws_route53_record" "exchange" {
  zone_id = aws_route53_zone.shop.zone_id
  name    = ""
  type    = "MX"
  ttl     = 300
  records = ["10 mail.shop.example.com"]
}
