// Hunts: wrong providers and models that are taken; a secret that a sentence repeats.
#include "tests/unit/policies/policy.h"

#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

const std::vector<WrongDocument> wrong_documents = {
    {"a provider without a dialect", R"(providers: {p: {base_url: "https://p.example"}})",
     R"(a.yaml:1:16: provider "p" has no "dialect"; add it)"},
    {"a provider without an address", "providers: {p: {dialect: openai}}",
     R"(a.yaml:1:16: provider "p" has no "base_url"; add it)"},
    {"a dialect that is not spoken", R"(providers: {p: {dialect: cohere, base_url: "https://p.example"}})",
     R"(a.yaml:1:26: provider "p" dialect "cohere" must be one of: openai, anthropic, gemini)"},
    {"an address without its scheme", "providers: {p: {dialect: openai, base_url: p.example/v1}}",
     R"(a.yaml:1:44: provider "p" base_url "p.example/v1" must begin with https:// or http://)"},
    {"an address of another scheme", R"(providers: {p: {dialect: openai, base_url: "ftp://p.example"}})",
     R"(a.yaml:1:44: provider "p" base_url "ftp://p.example" must begin with https:// or http://)"},
    {"an address with a password", R"(providers: {p: {dialect: openai, base_url: "https://user:secret@p.example"}})",
     R"(a.yaml:1:44: provider "p" base_url must name no user or password; keys belong into the vault)"},
    {"an address with a question mark", R"(providers: {p: {dialect: openai, base_url: "https://p.example/v1?a=b"}})",
     R"(a.yaml:1:44: provider "p" base_url "https://p.example/v1?a=b" must end before any ? or #)"},
    {"an address with a port out of range", R"(providers: {p: {dialect: openai, base_url: "https://p.example:65536"}})",
     R"(a.yaml:1:44: provider "p" base_url "https://p.example:65536" is not an address; write it like https://api.example.com/v1)"},
    {"an address with a port of letters", R"(providers: {p: {dialect: openai, base_url: "https://p.example:http"}})",
     R"(a.yaml:1:44: provider "p" base_url "https://p.example:http" is not an address; write it like https://api.example.com/v1)"},
    {"an address that climbs", R"(providers: {p: {dialect: openai, base_url: "https://p.example/v1/../admin"}})",
     R"(a.yaml:1:44: provider "p" base_url "https://p.example/v1/../admin" is not an address; write it like https://api.example.com/v1)"},
    {"an address without a host", R"(providers: {p: {dialect: openai, base_url: "https:///v1"}})",
     R"(a.yaml:1:44: provider "p" base_url "https:///v1" is not an address; write it like https://api.example.com/v1)"},
    {"an IPv6 address without its end", R"(providers: {p: {dialect: openai, base_url: "https://[::1/v1"}})",
     R"(a.yaml:1:44: provider "p" base_url "https://[::1/v1" is not an address; write it like https://api.example.com/v1)"},
    {"a key of no name", R"(providers: {p: {dialect: openai, base_url: "https://p.example", keys: [{weight: 2}]}})",
     R"(a.yaml:1:72: provider key has no "secret"; add it)"},
    {"a key in plain text where a name belongs",
     R"(providers: {p: {dialect: openai, base_url: "https://p.example", keys: [sk-abc]}})",
     "a.yaml:1:72: provider key must be a mapping such as {name: value}, not a single value"},
    {"a key that stands twice",
     R"(providers: {p: {dialect: openai, base_url: "https://p.example", keys: [{secret: a}, {secret: a}]}})",
     R"(a.yaml:1:94: provider key secret "a" stands twice; give one entry a larger weight instead)"},
    {"a weight of nothing",
     R"(providers: {p: {dialect: openai, base_url: "https://p.example", keys: [{secret: a, weight: 0}]}})",
     R"(a.yaml:1:92: provider key weight "0" must be a whole number from 1 to 1000)"},
    {"a weight that is no number",
     R"(providers: {p: {dialect: openai, base_url: "https://p.example", keys: [{secret: a, weight: heavy}]}})",
     R"(a.yaml:1:92: provider key weight "heavy" must be a whole number from 1 to 1000)"},
    {"a deadline without a unit",
     R"(providers: {p: {dialect: openai, base_url: "https://p.example", deadlines: {connect: 5}}})",
     R"(a.yaml:1:86: deadlines connect "5" is not a duration; write it like 250ms, 5s, 15m or 1h)"},
    {"a deadline of nothing",
     R"(providers: {p: {dialect: openai, base_url: "https://p.example", deadlines: {connect: 0s}}})",
     R"(a.yaml:1:86: deadlines connect "0s" must be more than nothing and at most 86400s)"},
    {"a deadline of years",
     R"(providers: {p: {dialect: openai, base_url: "https://p.example", deadlines: {total: 99999h}}})",
     R"(a.yaml:1:84: deadlines total "99999h" must be more than nothing and at most 86400s)"},
    {"a deadline that overflows",
     R"(providers: {p: {dialect: openai, base_url: "https://p.example", deadlines: {total: 99999999999999999999h}}})",
     R"(a.yaml:1:84: deadlines total "99999999999999999999h" is not a duration; write it like 250ms, 5s, 15m or 1h)"},
    {"a deadline that nobody knows",
     R"(providers: {p: {dialect: openai, base_url: "https://p.example", deadlines: {firstbyte: 5s}}})",
     R"(a.yaml:1:77: deadlines has no setting "firstbyte"; did you mean "first_byte"?)"},
    {"a proxy with a path",
     R"(providers: {p: {dialect: openai, base_url: "https://p.example", proxy: "http://proxy:3128/x"}})",
     R"(a.yaml:1:72: provider "p" proxy "http://proxy:3128/x" is not a proxy; write it like http://proxy.example.com:3128)"},
    {"a proxy behind TLS",
     R"(providers: {p: {dialect: openai, base_url: "https://p.example", proxy: "https://proxy:3128"}})",
     R"(a.yaml:1:72: provider "p" proxy "https://proxy:3128" is not a proxy; write it like http://proxy.example.com:3128)"},
    {"a CA file that depends on a folder",
     R"(providers: {p: {dialect: openai, base_url: "https://p.example", ca_file: ca.pem}})",
     R"(a.yaml:1:74: provider "p" ca_file "ca.pem" must be the full path of a PEM file, beginning with /)"},
    {"a way to end that nobody knows",
     R"(providers: {p: {dialect: openai, base_url: "https://p.example", on_disconnect: wait}})",
     R"(a.yaml:1:80: provider "p" on_disconnect "wait" must be one of: cancel, drain)"},
    {"a provider's name with a blank",
     R"(providers: {"my provider": {dialect: openai, base_url: "https://p.example"}})",
     R"(a.yaml:1:13: provider name "my provider" must be 1 to 128 letters, digits or . _ : / @ + -)"},
    {"a model without channels", "models: {m: {tier: small}}",
     R"(a.yaml:1:13: model "m" has no "channels"; add them, or rules that pick another model)"},
    {"a model with an empty list of channels", "models: {m: {channels: []}}",
     R"(a.yaml:1:24: model "m" channels is empty; name at least one provider)"},
    {"a model that begins like a tier",
     R"(models: {"tier:x": {channels: [{provider: p}]}}
providers: {p: {dialect: openai, base_url: "https://p.example"}})",
     R"(a.yaml:1:10: model name "tier:x" must not begin with tier:)"},
    {"a channel to a provider that is not there",
     R"(models: {m: {channels: [{provider: opena}]}}
providers: {openai: {dialect: openai, base_url: "https://p.example"}})",
     R"(a.yaml:1:36: there is no provider "opena"; did you mean "openai"?)"},
    {"a channel without a provider", "models: {m: {channels: [{model: x}]}}",
     R"(a.yaml:1:25: channel has no "provider"; add it)"},
    {"the same channel twice",
     R"(providers: {p: {dialect: openai, base_url: "https://p.example"}}
models: {m: {channels: [{provider: p, model: x}, {provider: p, model: x, priority: 2}]}})",
     "a.yaml:2:50: channel to p/x stands twice; keep one"},
    {"a priority of nothing",
     R"(providers: {p: {dialect: openai, base_url: "https://p.example"}}
models: {m: {channels: [{provider: p, priority: 0}]}})",
     R"(a.yaml:2:49: channel priority "0" must be a whole number from 1 to 100)"},
    {"more output than there can be",
     R"(providers: {p: {dialect: openai, base_url: "https://p.example"}}
models: {m: {output_tokens_max: 99999999999, channels: [{provider: p}]}})",
     R"(a.yaml:2:33: model "m" output_tokens_max "99999999999" must be a whole number from 1 to 10000000)"},
    {"a window of nothing", "models: {m: {input_tokens_max: 0, channels: []}}",
     "a.yaml:1:32: model \"m\" input_tokens_max \"0\" must be a whole number from 1 to 100000000\na.yaml:1:45: model "
     "\"m\" channels is empty; name at least one provider"},
    {"a secret that the vault could not have",
     R"(providers: {p: {dialect: openai, base_url: "https://p.example", keys: [{secret: a/b}]}})",
     R"(a.yaml:1:81: provider key secret "a/b" is no name that the vault can have; use letters, digits or . _ -)"},
    {"hidden reasoning that is a word",
     R"(providers: {p: {dialect: openai, base_url: "https://p.example"}}
models: {m: {hidden_reasoning: maybe, channels: [{provider: p}]}})",
     R"(a.yaml:2:32: model "m" hidden_reasoning "maybe" must be true or false)"},
    {"a key where its name belongs",
     R"(providers: {p: {dialect: openai, base_url: "https://p.example", keys: [{secret: sk-ant-0123456789}]}})",
     "a.yaml:1:81: provider key secret looks like a key itself; put the key into the vault (bursarctl secret put NAME) "
     "and write its name here"},
    {"a key setting that nobody knows",
     R"(providers: {p: {dialect: openai, base_url: "https://p.example", keys: [{secret: a, wait: 2}]}})",
     R"(a.yaml:1:84: provider key has no setting "wait"; it may have: secret, weight)"},
};

TEST(WrongRoutes, EachSaysWhatIsWrongWhereAndWhatToChange) {
    for (const WrongDocument& each : wrong_documents) EXPECT_EQ(said_of(each), each.problems) << each.name;
}

}  // namespace
}  // namespace bursar::policies::testing
