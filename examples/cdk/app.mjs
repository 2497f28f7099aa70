// Two stacks: what they share, with a nested stack in it, and a shop whose custom resource is answered by a function.
//
//   npm install aws-cdk@2.1148.1 aws-cdk-lib constructs
//   sandtable up --functions process     (in another terminal; prints what to export)
//   npx cdk bootstrap && npx cdk deploy --all

import path from 'node:path';
import { App, CfnOutput, CustomResource, Duration, NestedStack, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';

const env = { account: '000000000000', region: 'us-east-1' };

class Tier extends NestedStack {
  constructor(scope, id) {
    super(scope, id);
    this.queue = new Queue(this, 'Work', { visibilityTimeout: Duration.seconds(60) });
  }
}

class Base extends Stack {
  constructor(scope, id) {
    super(scope, id, { env });
    this.topic = new Topic(this, 'Orders');
    this.bucket = new Bucket(this, 'Assets', { removalPolicy: RemovalPolicy.DESTROY });
    const tier = new Tier(this, 'Tier');
    new CfnOutput(this, 'QueueUrl', { value: tier.queue.queueUrl });
  }
}

class Shop extends Stack {
  constructor(scope, id, base) {
    super(scope, id, { env });
    const seed = new lambda.Function(this, 'Seed', {
      runtime: lambda.Runtime.NODEJS_22_X,
      handler: 'index.handler',
      timeout: Duration.seconds(30),
      code: lambda.Code.fromAsset(path.resolve(import.meta.dirname, 'seed')),
      environment: { TOPIC: base.topic.topicArn },
    });
    base.topic.grantPublish(seed);
    const seeded = new CustomResource(this, 'Seeded', {
      serviceToken: seed.functionArn,
      properties: { Greeting: 'hello' },
    });
    new CfnOutput(this, 'Answer', { value: seeded.getAttString('Answer') });
  }
}

const app = new App();
new Shop(app, 'Shop', new Base(app, 'Base'));
