// What Go programs do with AWS, through the AWS SDK for Go v2. Takes the endpoint as its argument and prints what it found as JSON.
package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

const patience = time.Minute

var (
	ctx   = context.Background()
	found = map[string]any{}
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func identity(config aws.Config) {
	caller := must(sts.NewFromConfig(config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}))
	found["caller"] = *caller.Arn
}

func objects(config aws.Config) {
	client := s3.NewFromConfig(config)
	bucket := aws.String("releases")
	must(client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}))
	check(s3.NewBucketExistsWaiter(client).Wait(ctx, &s3.HeadBucketInput{Bucket: bucket}, patience))
	for _, name := range []string{"a", "b", "c"} {
		must(client.PutObject(ctx, &s3.PutObjectInput{
			Bucket: bucket, Key: aws.String("notes/" + name), Body: strings.NewReader(name),
			Metadata: map[string]string{"release": "v1"}, ChecksumAlgorithm: s3types.ChecksumAlgorithmSha256,
		}))
	}
	keys := []string{}
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: bucket, MaxKeys: 2})
	for pages.HasMorePages() {
		for _, object := range must(pages.NextPage(ctx)).Contents {
			keys = append(keys, *object.Key)
		}
	}
	found["keys"] = keys

	large := bytes.Repeat([]byte("0123456789abcdef"), 12*1024*1024/16)
	must(manager.NewUploader(client).Upload(ctx, &s3.PutObjectInput{
		Bucket: bucket, Key: aws.String("large"), Body: bytes.NewReader(large),
	}))
	head := must(client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: aws.String("large")}))
	found["largeTag"] = *head.ETag
	back := manager.NewWriteAtBuffer(nil)
	must(manager.NewDownloader(client).Download(ctx, back, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("large")}))
	found["sameBytes"] = bytes.Equal(large, back.Bytes())

	presigned := must(s3.NewPresignClient(client).PresignGetObject(ctx, &s3.GetObjectInput{
		Bucket: bucket, Key: aws.String("notes/b"),
	}))
	answer := must(http.Get(presigned.URL))
	defer answer.Body.Close()
	found["presigned"] = string(must(io.ReadAll(answer.Body)))

	_, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("missing")})
	var missing *s3types.NoSuchKey
	found["missingKey"] = errors.As(err, &missing)
}

func messages(config aws.Config) {
	queues, topics := sqs.NewFromConfig(config), sns.NewFromConfig(config)
	queue := must(queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("inbox")})).QueueUrl
	attributes := must(queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: queue, AttributeNames: []sqstypes.QueueAttributeName{"QueueArn"},
	})).Attributes
	arn := attributes["QueueArn"]
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},` +
		`"Action":"sqs:SendMessage","Resource":"` + arn + `"}]}`
	must(queues.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{
		QueueUrl: queue, Attributes: map[string]string{"Policy": policy},
	}))
	topic := must(topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("news")})).TopicArn
	must(topics.Subscribe(ctx, &sns.SubscribeInput{
		TopicArn: topic, Protocol: aws.String("sqs"), Endpoint: aws.String(arn),
		Attributes: map[string]string{"RawMessageDelivery": "true"},
	}))
	must(topics.Publish(ctx, &sns.PublishInput{TopicArn: topic, Message: aws.String("good & <new>")}))
	received := must(queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: queue, WaitTimeSeconds: 10}))
	bodies := []string{}
	for _, message := range received.Messages {
		bodies = append(bodies, *message.Body)
		must(queues.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: queue, ReceiptHandle: message.ReceiptHandle}))
	}
	found["received"] = bodies
	_, err := queues.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("missing")})
	var missing *sqstypes.QueueDoesNotExist
	found["missingQueue"] = errors.As(err, &missing)
}

type order struct {
	Customer string   `dynamodbav:"customer"`
	Placed   int      `dynamodbav:"placed"`
	Lines    []string `dynamodbav:"lines"`
}

func items(config aws.Config) {
	client := dynamodb.NewFromConfig(config)
	table := aws.String("orders")
	must(client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: table, BillingMode: ddbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []ddbtypes.AttributeDefinition{
			{AttributeName: aws.String("customer"), AttributeType: ddbtypes.ScalarAttributeTypeS},
			{AttributeName: aws.String("placed"), AttributeType: ddbtypes.ScalarAttributeTypeN},
		},
		KeySchema: []ddbtypes.KeySchemaElement{
			{AttributeName: aws.String("customer"), KeyType: ddbtypes.KeyTypeHash},
			{AttributeName: aws.String("placed"), KeyType: ddbtypes.KeyTypeRange},
		},
	}))
	check(dynamodb.NewTableExistsWaiter(client).Wait(ctx, &dynamodb.DescribeTableInput{TableName: table}, patience))
	for placed := 1; placed <= 3; placed++ {
		item := must(attributevalue.MarshalMap(order{"ada", placed, []string{"book"}}))
		must(client.PutItem(ctx, &dynamodb.PutItemInput{TableName: table, Item: item}))
	}
	orders := []order{}
	pages := dynamodb.NewQueryPaginator(client, &dynamodb.QueryInput{
		TableName: table, Limit: aws.Int32(2), KeyConditionExpression: aws.String("customer = :c"),
		ExpressionAttributeValues: map[string]ddbtypes.AttributeValue{":c": &ddbtypes.AttributeValueMemberS{Value: "ada"}},
	})
	for pages.HasMorePages() {
		page := []order{}
		check(attributevalue.UnmarshalListOfMaps(must(pages.NextPage(ctx)).Items, &page))
		orders = append(orders, page...)
	}
	found["orders"] = orders
	_, err := client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: table, Item: must(attributevalue.MarshalMap(order{"ada", 1, nil})),
		ConditionExpression: aws.String("attribute_not_exists(customer)"),
	})
	var conditional *ddbtypes.ConditionalCheckFailedException
	found["conditionFailed"] = errors.As(err, &conditional)
}

func functions(config aws.Config) {
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},` +
		`"Action":"sts:AssumeRole"}]}`
	role := must(iam.NewFromConfig(config).CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: aws.String("function"), AssumeRolePolicyDocument: aws.String(trust),
	})).Role.Arn
	var archive bytes.Buffer
	writer := zip.NewWriter(&archive)
	must(must(writer.Create("index.mjs")).Write([]byte("export const handler = async () => ({ ok: true });\n")))
	check(writer.Close())
	client := lambda.NewFromConfig(config)
	name := aws.String("hello")
	must(client.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: name, Role: role, Handler: aws.String("index.handler"), Runtime: "nodejs22.x",
		Code: &lambdatypes.FunctionCode{ZipFile: archive.Bytes()},
	}))
	check(lambda.NewFunctionActiveV2Waiter(client).Wait(ctx, &lambda.GetFunctionInput{FunctionName: name}, patience))
	invoked := must(client.Invoke(ctx, &lambda.InvokeInput{FunctionName: name, Payload: []byte("{}")}))
	found["invoked"] = invoked.StatusCode
	_, err := client.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("missing")})
	var missing *lambdatypes.ResourceNotFoundException
	found["missingFunction"] = errors.As(err, &missing)
}

func stacks(config aws.Config) {
	client := cloudformation.NewFromConfig(config)
	name := aws.String("inbox")
	must(client.CreateStack(ctx, &cloudformation.CreateStackInput{
		StackName: name, TemplateBody: aws.String(`{"Resources":{"Inbox":{"Type":"AWS::SQS::Queue"}}}`),
	}))
	described := &cloudformation.DescribeStacksInput{StackName: name}
	check(cloudformation.NewStackCreateCompleteWaiter(client).Wait(ctx, described, patience))
	stack := must(client.DescribeStacks(ctx, described)).Stacks[0]
	found["stack"] = stack.StackStatus == cfntypes.StackStatusCreateComplete
	_, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String("missing")})
	var refused smithy.APIError
	if errors.As(err, &refused) {
		found["missingStack"] = refused.ErrorCode() + ": " + refused.ErrorMessage()
	}
}

func main() {
	resolver := aws.EndpointResolverWithOptionsFunc(func(service, region string, _ ...any) (aws.Endpoint, error) {
		return aws.Endpoint{URL: os.Args[1], SigningRegion: region, HostnameImmutable: true}, nil
	})
	config := aws.Config{
		Region:                      "us-east-1",
		Credentials:                 credentials.NewStaticCredentialsProvider("test", "test", ""),
		EndpointResolverWithOptions: resolver,
	}
	for _, part := range []func(aws.Config){identity, objects, messages, items, functions, stacks} {
		part(config)
	}
	check(json.NewEncoder(os.Stdout).Encode(found))
}
