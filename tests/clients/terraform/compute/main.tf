# Instances: one with a volume and an address, one on an interface of its own, and an Auto Scaling group from a launch template.

variable "subnets" {
  type = list(string)
}

variable "security_group" {
  type = string
}

variable "instance_profile" {
  type = string
}

variable "target_groups" {
  type = list(string)
}

data "aws_ami" "linux" {
  owners      = ["amazon"]
  most_recent = true

  filter {
    name   = "name"
    values = ["al2023-ami-2023*-x86_64"]
  }
}

data "aws_subnet" "first" {
  id = var.subnets[0]
}

resource "aws_key_pair" "shop" {
  key_name   = "shop"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKc4t7dPgfPpJW7nFzC7xUzE1N5Zk2dO3fP6oJcM1Q4e shop"
}

resource "aws_instance" "bastion" {
  ami                    = data.aws_ami.linux.id
  instance_type          = "t3.micro"
  subnet_id              = var.subnets[0]
  vpc_security_group_ids = [var.security_group]
  key_name               = aws_key_pair.shop.key_name
  iam_instance_profile   = var.instance_profile
  user_data              = "#!/bin/bash\necho ready\n"

  root_block_device {
    volume_size = 20
    volume_type = "gp3"
  }

  credit_specification {
    cpu_credits = "standard"
  }

  metadata_options {
    http_tokens = "required"
  }

  tags = { Name = "bastion" }
}

resource "aws_ebs_volume" "data" {
  availability_zone = data.aws_subnet.first.availability_zone
  size              = 10
  type              = "gp3"
  encrypted         = true
}

resource "aws_volume_attachment" "data" {
  device_name = "/dev/sdf"
  volume_id   = aws_ebs_volume.data.id
  instance_id = aws_instance.bastion.id
}

resource "aws_network_interface" "fixed" {
  subnet_id       = var.subnets[0]
  private_ips     = [cidrhost(data.aws_subnet.first.cidr_block, 50), cidrhost(data.aws_subnet.first.cidr_block, 51)]
  security_groups = [var.security_group]
}

resource "aws_instance" "fixed" {
  ami           = data.aws_ami.linux.id
  instance_type = "m6i.large"

  ebs_block_device {
    device_name = "/dev/sdb"
    volume_size = 5
  }

  network_interface {
    network_interface_id = aws_network_interface.fixed.id
    device_index         = 0
  }
}

resource "aws_eip" "bastion" {
  domain   = "vpc"
  instance = aws_instance.bastion.id
}

resource "aws_launch_template" "web" {
  name_prefix            = "web-"
  image_id               = data.aws_ami.linux.id
  instance_type          = "t3.small"
  vpc_security_group_ids = [var.security_group]
  update_default_version = true
  user_data              = base64encode("#!/bin/bash\necho ready\n")

  iam_instance_profile {
    name = var.instance_profile
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_size           = 30
      volume_type           = "gp3"
      delete_on_termination = true
    }
  }

  monitoring {
    enabled = true
  }

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 2
  }

  tag_specifications {
    resource_type = "instance"
    tags          = { role = "web" }
  }
}

resource "aws_autoscaling_group" "web" {
  name                      = "web"
  min_size                  = 1
  max_size                  = 4
  desired_capacity          = 2
  vpc_zone_identifier       = var.subnets
  target_group_arns         = var.target_groups
  health_check_type         = "EC2"
  health_check_grace_period = 30
  enabled_metrics           = ["GroupInServiceInstances", "GroupDesiredCapacity"]
  termination_policies      = ["OldestInstance"]

  launch_template {
    id      = aws_launch_template.web.id
    version = aws_launch_template.web.latest_version
  }

  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 50
    }
  }

  tag {
    key                 = "Name"
    value               = "web"
    propagate_at_launch = true
  }
}

resource "aws_autoscaling_policy" "cpu" {
  name                   = "cpu"
  autoscaling_group_name = aws_autoscaling_group.web.name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }

    target_value = 50
  }
}

resource "aws_autoscaling_policy" "out" {
  name                   = "out"
  autoscaling_group_name = aws_autoscaling_group.web.name
  policy_type            = "StepScaling"
  adjustment_type        = "ChangeInCapacity"

  step_adjustment {
    scaling_adjustment          = 1
    metric_interval_lower_bound = 0
  }
}

resource "aws_autoscaling_schedule" "night" {
  scheduled_action_name  = "night"
  autoscaling_group_name = aws_autoscaling_group.web.name
  min_size               = 1
  max_size               = 1
  desired_capacity       = 1
  recurrence             = "0 22 * * *"
}

resource "aws_autoscaling_lifecycle_hook" "drain" {
  name                   = "drain"
  autoscaling_group_name = aws_autoscaling_group.web.name
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_TERMINATING"
  default_result         = "CONTINUE"
  heartbeat_timeout      = 60
}

resource "aws_autoscaling_notification" "launches" {
  group_names   = [aws_autoscaling_group.web.name]
  notifications = ["autoscaling:EC2_INSTANCE_LAUNCH"]
  topic_arn     = aws_sns_topic.launches.arn
}

resource "aws_sns_topic" "launches" {
  name = "launches"
}

output "scaling_group" {
  value = aws_autoscaling_group.web.name
}
