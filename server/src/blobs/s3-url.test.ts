import { expect, test } from "vitest";
import { readS3Url } from "./s3-url.ts";

const keys = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "hunter2" };

test("bucket, prefix, endpoint and region are read from the URL", () => {
  expect(readS3Url("s3://bucket/a/b/?endpoint=http://127.0.0.1:7480/&region=here", keys)).toEqual({
    bucket: "bucket",
    prefix: "a/b/",
    endpoint: "http://127.0.0.1:7480",
    region: "here",
    accessKeyId: "id",
    secretAccessKey: "hunter2",
  });
});

test("what the URL leaves out comes from the environment, or is Amazon's", () => {
  expect(readS3Url("s3://bucket", { ...keys, AWS_REGION: "eu-west-1" })).toMatchObject({
    prefix: "",
    region: "eu-west-1",
    endpoint: "https://s3.eu-west-1.amazonaws.com",
  });
  expect(readS3Url("s3://bucket", { ...keys, AWS_ENDPOINT_URL_S3: "https://gateway", AWS_SESSION_TOKEN: "t" })).toMatchObject({
    endpoint: "https://gateway",
    sessionToken: "t",
  });
});

test.each([
  ["another scheme", "https://bucket/x", keys, "expected s3://"],
  ["no bucket", "s3://", keys, "expected s3://"],
  ["a parameter that is not known", "s3://bucket?zone=1", keys, '"zone" is not known'],
  ["an endpoint that is no URL", "s3://bucket?endpoint=host", keys, "endpoint: expected https://host"],
  ["no credentials", "s3://bucket", { AWS_SECRET_ACCESS_KEY: "hunter2" }, "set AWS_ACCESS_KEY_ID"],
])("%s is refused without a word of the credentials", (_, url, environment, message) => {
  const read = () => readS3Url(url, environment);

  expect(read).toThrow(message);
  expect(read).not.toThrow("hunter2");
});
