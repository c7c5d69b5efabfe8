// A provider's refusals, whatever their body is: what kind they are, and in whose words.
import { describe, expect, test } from "vitest";
import { isFailure } from "../../../dataplane/protocols/codec.ts";
import { codec, targetOf } from "./driving.ts";

const refused = (status: number, type: string, body: string, headers: Record<string, string> = {}) => codec.decodeFailure(status, { ...(type === "" ? {} : { "x-amzn-errortype": type }), ...headers }, Buffer.from(body));

describe("a refusal", () => {
  test.each<[number, string, string, string]>([
    [429, "ThrottlingException", '{"message":"Too many requests, please wait before trying again."}', "rate-limited"],
    [429, "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/", '{"message":"Slow"}', "rate-limited"],
    [429, "ModelNotReadyException", '{"message":"Loading"}', "rate-limited"],
    [503, "ServiceUnavailableException", '{"message":"Busy"}', "overloaded"],
    [408, "ModelTimeoutException", '{"message":"Slow"}', "timeout"],
    [424, "ModelErrorException", '{"message":"Broke"}', "internal"],
    [500, "InternalServerException", '{"message":"Oops"}', "internal"],
    [400, "ValidationException", '{"message":"The provided request is not valid"}', "invalid"],
    [400, "ValidationException", '{"message":"Input is too long for requested model."}', "context-too-long"],
    [400, "ValidationException", '{"message":"The model returned the following errors: prompt is too long: 210000 tokens > 200000 maximum"}', "context-too-long"],
    [400, "ValidationException", '{"message":"Input Tokens Exceeded: Number of input tokens exceeds maximum length"}', "context-too-long"],
    [400, "ValidationException", '{"message":"The provided model identifier is invalid."}', "not-found"],
    [404, "ResourceNotFoundException", '{"message":"No such model"}', "not-found"],
    [400, "ServiceQuotaExceededException", '{"message":"Quota"}', "payment"],
    [403, "AccessDeniedException", '{"message":"You don\'t have access to the model with the specified model ID."}', "forbidden"],
    [403, "UnrecognizedClientException", '{"message":"The security token included in the request is invalid."}', "credential"],
    [403, "ExpiredTokenException", '{"message":"Expired"}', "credential"],
    [403, "InvalidSignatureException", '{"message":"Signature"}', "credential"],
    [400, "", '{"__type":"com.amazon.coral.service#ThrottlingException","Message":"Slow"}', "rate-limited"],
    [403, "", '{"Message":"Bearer token is not valid"}', "forbidden"],
    [409, "ConflictException", '{"message":"x"}', "conflict"],
    [413, "", "", "too-large"],
    [413, "ValidationException", '{"message":"Input is too long"}', "too-large"],
    [413, "RequestEntityTooLargeException", '{"message":"The request is too long"}', "too-large"],
    [502, "", "<html><body>Bad Gateway</body></html>", "internal"],
  ])("%i %s %s is %s", (status, type, body, kind) => {
    expect(refused(status, type, body)).toMatchObject({ kind, status });
  });

  test("is told in the provider's words, and markup is nobody's", () => {
    expect(refused(400, "ValidationException:x", '{"message":"No"}')).toMatchObject({ message: "No", type: "ValidationException" });
    expect(refused(500, "", "plain words")).toMatchObject({ message: "plain words" });
    expect(refused(500, "", '"a string"')).toMatchObject({ message: "a string" });
    expect(refused(502, "", "<html>")).toMatchObject({ message: "The provider answered with status 502 and no message." });
    expect(refused(429, "ThrottlingException", "{}")).toMatchObject({ message: "The provider answered with ThrottlingException and no message." });
    expect(refused(429, "ThrottlingException", "{}", { "retry-after": "7" }).retryAfterSeconds).toBe(7);
  });
});

describe("a success", () => {
  test.each<[string, string]>([
    ["[]", "invalid_json"],
    ["", "invalid_json"],
    ["{}", "no_content"],
    ['{"output":{"message":{"content":"Hi"}}}', "no_content"],
  ])("that is no answer is a failure: %s", (body, code) => {
    const read = codec.decodeReply(Buffer.from(body), targetOf());
    expect(isFailure(read) ? read : null).toMatchObject({ kind: "internal", code });
  });

  test("that holds an error is one", () => {
    expect(codec.decodeReply(Buffer.from('{"__type":"ThrottlingException","message":"Slow"}'), targetOf())).toMatchObject({ kind: "rate-limited", message: "Slow" });
  });
});
