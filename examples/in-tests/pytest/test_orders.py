def queue(world):
    sqs = world.client("sqs")
    return sqs, sqs.create_queue(QueueName="orders")["QueueUrl"]


def bodies(sqs, url):
    return [message["Body"] for message in sqs.receive_message(QueueUrl=url).get("Messages", [])]


def test_a_message_is_offered_again_when_its_visibility_timeout_is_over(world):
    sqs, url = queue(world)
    sqs.send_message(QueueUrl=url, MessageBody="o-1")
    assert bodies(sqs, url) == ["o-1"]
    world.advance(seconds=29)
    assert bodies(sqs, url) == []
    world.advance(seconds=1)
    assert bodies(sqs, url) == ["o-1"]


def test_each_test_has_a_world_of_its_own(world):
    sqs, url = queue(world)
    assert bodies(sqs, url) == []
    assert world.client("sts").get_caller_identity()["Account"] == "000000000000"
