// Hunts: an entry of `passthrough` by which something goes to a provider that is paid by what it uses, that Bursar
// governs otherwise, or that hands out keys; a request that two entries claim; a path that is read otherwise here than
// there; a team that was not named; a price that nobody wrote.
#include "policies/passthrough.h"

#include "policies/admit_passthrough.h"
#include "policies/pass_blanks.h"
#include "service/base/endpoint.h"
#include "tests/unit/policies/policy.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

const Timestamp now = *parse_timestamp("2026-11-30T12:00:00Z");

struct WrongEntry {
    std::string_view name;
    std::string_view entries;
    std::string_view problem;  ///< without its place
};

const std::vector<WrongEntry> wrong_entries = {
    {"no name", "{method: GET, path: '/evals/{id}', price: 0, allow: all}", R"(passthrough has no "name"; add it)"},
    {"no price, though it is free", "{name: a, method: GET, path: /vector_stores, allow: all}",
     R"(passthrough has no "price"; add it)"},
    {"nobody is allowed", "{name: a, method: GET, path: /vector_stores, price: 0}",
     R"(passthrough has no "allow"; add it)"},
    {"an empty list of teams", "{name: a, method: GET, path: /vector_stores, price: 0, allow: []}",
     "passthrough allow is empty; name a team at least, or write all"},
    {"a word that is not all", "{name: a, method: GET, path: /vector_stores, price: 0, allow: everybody}",
     R"(passthrough allow "everybody" must be a list of teams, or the word all)"},
    {"a team that there is not", "{name: a, method: GET, path: /vector_stores, price: 0, allow: [reserch]}",
     R"(provider "p" passthrough "a" allows the team "reserch", which there is not; did you mean "research"?)"},
    {"another method", "{name: a, method: PUT, path: /vector_stores, price: 0, allow: all}",
     R"(passthrough method "PUT" must be one of: GET, POST, DELETE)"},
    {"a method in small letters", "{name: a, method: get, path: /vector_stores, price: 0, allow: all}",
     R"(passthrough method "get" must be one of: GET, POST, DELETE)"},
    {"a price with its currency", "{name: a, method: GET, path: /vector_stores, price: 1 USD, allow: all}",
     R"(passthrough price "1 USD" is not a price in USD for each call; write it like 0.002, or 0 where it is free)"},
    {"a price below nothing", "{name: a, method: GET, path: /vector_stores, price: -1, allow: all}",
     R"(passthrough price "-1" is not a price in USD for each call; write it like 0.002, or 0 where it is free)"},
    {"a path that begins nowhere", "{name: a, method: GET, path: vector_stores, price: 0, allow: all}",
     R"(passthrough path "vector_stores" must begin with / and have a part behind it)"},
    {"a path of nothing", "{name: a, method: GET, path: /, price: 0, allow: all}",
     R"(passthrough path "/" must begin with / and have a part behind it)"},
    {"a path that climbs", "{name: a, method: GET, path: /vector_stores/../x, price: 0, allow: all}",
     R"(passthrough path "/vector_stores/../x" must not have .. in it)"},
    {"an empty part", "{name: a, method: GET, path: /vector_stores//x, price: 0, allow: all}",
     R"(passthrough path "/vector_stores//x" has an empty part)"},
    {"a slash at the end", "{name: a, method: GET, path: /vector_stores/, price: 0, allow: all}",
     R"(passthrough path "/vector_stores/" has an empty part)"},
    {"an escape", "{name: a, method: GET, path: /vector%5fstores, price: 0, allow: all}",
     R"(passthrough path "/vector%5fstores" must have parts of letters, digits and - _ . only, or like {id}; no query and no escapes)"},
    {"a query", "{name: a, method: GET, path: '/vector_stores?a=b', price: 0, allow: all}",
     R"(passthrough path "/vector_stores?a=b" must have parts of letters, digits and - _ . only, or like {id}; no query and no escapes)"},
    {"a verb of Gemini's", "{name: a, method: POST, path: '/tuned/x:go', price: 0, allow: all}",
     R"(passthrough path "/tuned/x:go" must have parts of letters, digits and - _ . only, or like {id}; no query and no escapes)"},
    {"a blank in the middle of a part", "{name: a, method: GET, path: '/vector_stores/vs_{id}', price: 0, allow: all}",
     R"(passthrough path "/vector_stores/vs_{id}" must have parts of letters, digits and - _ . only, or like {id}; no query and no escapes)"},
    {"a blank for all the rest", "{name: a, method: GET, path: '/vector_stores/{rest...}', price: 0, allow: all}",
     R"(passthrough path "/vector_stores/{rest...}" must not have .. in it)"},
    {"a blank without a name", "{name: a, method: GET, path: '/vector_stores/{}', price: 0, allow: all}",
     R"(passthrough path "/vector_stores/{}" has a blank that is none; write a whole part like {id})"},
    {"a blank at the beginning, for whatever there is", "{name: a, method: GET, path: '/{what}', price: 0, allow: all}",
     R"(passthrough path "/{what}" must begin with a part that is written out)"},
    {"a name of a tab", R"({name: "a\tb", method: GET, path: /vector_stores, price: 0, allow: all})",
     "passthrough name \"a?b\" must be 1 to 64 letters, digits, blanks or - _ ."},
    {"two of one name",
     "{name: a, method: GET, path: /vector_stores, price: 0, allow: all}, {name: a, method: POST, path: /skills, "
     "price: 0, allow: all}",
     R"(passthrough "a" stands twice; give each entry a name of its own)"},
    {"two of one request",
     "{name: a, method: GET, path: '/vector_stores/{id}', price: 0, allow: all}, {name: b, method: GET, path: "
     "/vector_stores/best, price: 1, allow: all}",
     R"(passthrough "a" and "b" have paths that one request could match both; keep one of them)"},
    {"a setting that nobody knows", "{name: a, method: GET, path: /vector_stores, price: 0, allow: all, pric: 1}",
     R"(passthrough has no setting "pric"; did you mean "price"?)"},
};

std::string document_with(std::string_view entries) {
    return fmt::format(R"(providers: {{p: {{dialect: openai, base_url: "https://p.example", passthrough: [{}]}}}}
models: {{m: {{channels: [{{provider: p}}]}}}}
teams: {{research: {{models: [m]}}, sales: {{}}, poor: {{parent: research}}}})",
                       entries);
}

TEST(Passthrough, EachWrongEntrySaysWhatIsWrongAndWhatToChange) {
    for (const WrongEntry& each : wrong_entries) {
        const std::string said = said_of({each.name, document_with(each.entries), {}});
        const std::size_t place = said.find(": ");
        EXPECT_EQ(place == std::string::npos ? said : said.substr(place + 2), each.problem) << each.name;
    }
}

TEST(Passthrough, AProviderWithASlashInItsNameHasNoSuchPaths) {
    const std::string said = said_of(
        {"",
         R"(providers: {a/b: {dialect: openai, base_url: "https://p.example", passthrough: [{name: a, method: GET, path: /x, price: 0, allow: all}]}})",
         {}});
    EXPECT_NE(said.find("has a / in its name"), std::string::npos) << said;
}

TEST(Passthrough, AProviderHasAnEndOfEntries) {
    std::string entries;
    for (std::size_t i = 0; i <= pass_entries_max; ++i)
        entries +=
            fmt::format("{}{{name: n{}, method: GET, path: /x{}, price: 0, allow: all}}", i == 0 ? "" : ", ", i, i);
    EXPECT_NE(said_of({"", document_with(entries), {}}).find("64"), std::string::npos);
}

struct ReservedCase {
    std::string_view method;
    std::string_view path;
    std::string_view part;  ///< by which it does not pass; empty: it passes
};

const std::vector<ReservedCase> reserved_cases = {
    {"GET", "/fine_tuning/jobs/{id}", ""},
    {"GET", "/fine_tuning/jobs", ""},
    {"POST", "/fine_tuning/jobs/{id}/cancel", ""},
    {"DELETE", "/vector_stores/{id}", ""},
    {"POST", "/vector_stores/{id}/search", ""},
    {"GET", "/v1/account/billing/invoices", ""},
    {"POST", "/tokenize", ""},
    {"POST", "/truncate", ""},
    {"POST", "/detokenize", ""},
    {"GET", "/conversations/{id}", ""},
    {"DELETE", "/agents/{id}", ""},
    {"GET", "/tuningJobs/{id}", ""},
    {"POST", "/trainings/{id}/cancel", ""},
    // What generates or trains where it is posted to.
    {"POST", "/conversations", "conversations"},
    {"POST", "/conversations/{id}/restart", "conversations"},
    {"POST", "/agents", "agents"},
    {"POST", "/x/startFineTune", "startFineTune"},
    {"POST", "/my_finetuning", "my_finetuning"},
    {"POST", "/tuningJobs", "tuningJobs"},
    {"POST", "/x/hyperparameterTuningJobs", "hyperparameterTuningJobs"},
    {"POST", "/tunedItems", "tunedItems"},
    {"POST", "/trainings", "trainings"},
    {"POST", "/x/{id}/training", "training"},
    {"POST", "/customJobs", "customJobs"},
    {"POST", "/v1/text2image", "text2image"},
    // What is paid by what it uses.
    {"POST", "/fine_tuning/jobs", "fine_tuning"},
    {"POST", "/fine-tunes", "fine-tunes"},
    {"POST", "/fineTuning/{id}", "fineTuning"},
    {"POST", "/fine_tuning/jobs/{id}/resume", "fine_tuning"},
    {"POST", "/v1/complete", "complete"},
    {"POST", "/Chat/Completions", "Chat"},
    {"POST", "/evals/{id}/runs", "runs"},
    {"POST", "/threads/{id}/runs", "threads"},
    {"POST", "/assistants", "assistants"},
    {"POST", "/model/{id}/invoke", "model"},
    {"POST", "/async-invoke", "async-invoke"},
    {"POST", "/v1/generate_prompt", "generate_prompt"},
    {"POST", "/text-to-speech/{id}", "text-to-speech"},
    {"POST", "/videos", "videos"},
    {"POST", "/fim/completions", "fim"},
    {"POST", "/ocr", "ocr"},
    {"POST", "/v1/embed", "embed"},
    {"POST", "/batches", "batches"},
    {"POST", "/messages/batches", "messages"},
    {"GET", "/files/{id}/content", "files"},
    {"POST", "/fileUploads", "fileUploads"},
    {"POST", "/uploads", "uploads"},
    {"POST", "/realtime/sessions", "realtime"},
    {"DELETE", "/MODELS/{id}", "MODELS"},
    // What hands out credentials.
    {"GET", "/api_keys", "api_keys"},
    {"GET", "/organization/admin_api_keys", "organization"},
    {"GET", "/projects/{id}/api_keys", "api_keys"},
    {"GET", "/projects/{id}/apiKeys", "apiKeys"},
    {"GET", "/projects/{id}/service_accounts", "service_accounts"},
    {"GET", "/projects/{id}/serviceaccounts", "serviceaccounts"},
    {"POST", "/chatkit/sessions", "chatkit"},
    {"POST", "/x/client_secrets", "client_secrets"},
    {"GET", "/x/Users", "Users"},
    {"GET", "/x/listUsers", "listUsers"},
    {"GET", "/invites", "invites"},
    {"GET", "/x/certificates", "certificates"},
    {"POST", "/oauth/token", "oauth"},
    {"POST", "/auth/token", "token"},
    {"GET", "/v1/keys", "keys"},
    {"POST", "/x/{id}/listkeys", "listkeys"},
    {"POST", "/x/regeneratekey", "regeneratekey"},
    {"POST", "/x/regenerateKey1", "regenerateKey1"},
    {"GET", "/x/getaccesstoken", "getaccesstoken"},
    {"GET", "/x/listsecrets", "listsecrets"},
    {"GET", "/x/mycredentials", "mycredentials"},
};

TEST(Passthrough, WhatAFlatPriceCannotHoldAndWhatGivesKeysDoesNotPass) {
    for (const ReservedCase& each : reserved_cases) {
        const auto found = reserved_in(each.method, each.path);
        EXPECT_EQ(found ? found->part : "", each.part) << each.method << ' ' << each.path;
    }
}

struct FilledCase {
    std::string_view method;
    std::string_view entry;
    std::string_view path;
    std::string_view part;  ///< by which it does not pass; empty: it passes
};

const std::vector<FilledCase> filled_cases = {
    // Ids, whatever stands in them.
    {"GET", "/jobs/{id}", "/jobs/ftjob-aB3kRunq", ""},
    {"GET", "/jobs/{id}", "/jobs/ftjob-aBkRunq", ""},
    {"GET", "/jobs/{id}", "/jobs/run-68f0a1", ""},
    {"DELETE", "/jobs/{id}", "/jobs/user-9Kq", ""},
    {"GET", "/jobs/{id}", "/jobs/file.jsonl", ""},
    {"GET", "/jobs/{id}", "/jobs/user-abc", ""},
    {"POST", "/jobs/{id}/cancel", "/jobs/run-1/cancel", ""},
    {"POST", "/vector_stores/{id}", "/vector_stores/vs_aB3kRunq", ""},
    {"POST", "/vector_stores/{id}", "/vector_stores/vs_68f0a1b2c3d4e5f6", ""},
    // Words, however they are written.
    {"GET", "/x/{what}", "/x/files", "files"},
    {"GET", "/x/{what}", "/x/FILES", "FILES"},
    {"GET", "/x/{what}", "/x/fIles", "fIles"},
    {"GET", "/x/{what}", "/x/file_batches", "file_batches"},
    {"GET", "/x/{what}", "/x/users", "users"},
    {"GET", "/x/{what}", "/x/certificates", "certificates"},
    {"GET", "/x/{what}", "/x/api_keys", "api_keys"},
    {"GET", "/x/{what}", "/x/listkeys", "listkeys"},
    {"GET", "/x/{what}", "/x/clientsecrets", "clientsecrets"},
    {"GET", "/x/{what}/y", "/x/generations/y", "generations"},
    {"GET", "/x/{what}/y", "/x/classifications/y", "classifications"},
    {"POST", "/x/{what}/start", "/x/agents/start", "agents"},
    {"GET", "/x/{what}", "/x/agents", ""},
    {"POST", "/x/{what}/start", "/x/training/start", "training"},
    {"POST", "/x/{what}/cancel", "/x/training/cancel", ""},
    // At the end of a POST the stems, also where there is a digit.
    {"POST", "/x/{what}", "/x/search", ""},
    {"POST", "/x/{what}", "/x/text2image", "text2image"},
    {"POST", "/x/{what}", "/x/generate_prompt2", "generate_prompt2"},
    {"POST", "/x/{what}", "/x/list_mOdels", "list_mOdels"},
    {"POST", "/x/{what}", "/x/create_run", "create_run"},
    {"POST", "/x/{what}", "/x/tts", "tts"},
    {"POST", "/x/{what}", "/x/regenerateKey1", "regenerateKey1"},
    {"POST", "/x/{what}", "/x/conversations", "conversations"},
    {"POST", "/x/{what}", "/x/tuneV2", "tuneV2"},
};

TEST(Passthrough, ABlankStandsForIdsAndForNoWordThatDoesNotPass) {
    for (const FilledCase& each : filled_cases) {
        ASSERT_TRUE(matches(each.entry, each.path)) << each.path;
        const auto found = reserved_in_blanks(each.method, each.entry, each.path);
        EXPECT_EQ(found ? found->part : "", each.part) << each.method << ' ' << each.path;
    }
}

TEST(Passthrough, NoEndpointOfTheTablePassesByAnEntry) {
    std::size_t looked_at = 0;
    for (const EndpointFacts& row : endpoint_table) {
        if (!row.suffix.starts_with('/')) continue;
        ++looked_at;
        for (const std::string_view version : {"", "/v1"}) {
            const std::string path = std::string(version).append(row.suffix);
            EXPECT_TRUE(reserved_in("POST", path)) << path;
            const std::string said = said_of(
                {"",
                 document_with(fmt::format("{{name: a, method: POST, path: '{}', price: 0, allow: all}}", path)),
                 {}});
            EXPECT_NE(said.find("cannot pass"), std::string::npos) << path << ": " << said;
        }
    }
    EXPECT_GT(looked_at, 15U);
}

struct MatchCase {
    std::string_view entry;
    std::string_view path;
    bool matched;
};

const std::vector<MatchCase> match_cases = {
    {"/jobs", "/jobs", true},
    {"/jobs", "/Jobs", false},
    {"/jobs", "/jobs/1", false},
    {"/jobs", "/job", false},
    {"/jobs", "/jobsx", false},
    {"/jobs/{id}", "/jobs/1", true},
    {"/jobs/{id}", "/jobs", false},
    {"/jobs/{id}", "/jobs/", false},
    {"/jobs/{id}", "/jobs/1/events", false},
    {"/jobs/{id}/events", "/jobs/1/events", true},
    {"/jobs/{id}/events", "/jobs//events", false},
    {"/jobs/{id}/events", "/jobs/1/2/events", false},
    {"/{a}/{b}", "/x/y", true},
};

TEST(Passthrough, ABlankIsOnePartAndNothingElse) {
    for (const MatchCase& each : match_cases)
        EXPECT_EQ(matches(each.entry, each.path), each.matched) << each.entry << " and " << each.path;
}

TEST(Passthrough, EntriesOverlapWhereOneRequestCouldBeBoth) {
    EXPECT_TRUE(overlap("/jobs/{id}", "/jobs/best"));
    EXPECT_TRUE(overlap("/jobs/{id}/x", "/jobs/a/{b}"));
    EXPECT_TRUE(overlap("/jobs/{id}", "/jobs/{other}"));
    EXPECT_FALSE(overlap("/jobs/{id}", "/jobs/{id}/events"));
    EXPECT_FALSE(overlap("/jobs/{id}/a", "/jobs/{id}/b"));
    EXPECT_FALSE(overlap("/jobs", "/tasks"));
}

TEST(Passthrough, APathOfARequestHasNothingThatIsReadInTwoWays) {
    for (const std::string_view good : {"/jobs", "/jobs/ft-1", "/a/b_c/d.e", "/v1/jobs"})
        EXPECT_EQ(path_flaw(good, Blanks::refused), "") << good;
    const std::string long_part = "/jobs/" + std::string(pass_path_bytes_max, 'a');
    for (const std::string_view bad : {std::string_view(""),
                                       std::string_view("/"),
                                       std::string_view("jobs"),
                                       std::string_view("/jobs/.."),
                                       std::string_view("/jobs/."),
                                       std::string_view("/jobs/a..b"),
                                       std::string_view("//jobs"),
                                       std::string_view("/jobs/"),
                                       std::string_view("/jobs/%2e%2e"),
                                       std::string_view("/jobs/%2fx"),
                                       std::string_view("/jobs/a%41"),
                                       std::string_view("/jobs\\x"),
                                       std::string_view("/jobs/a;b"),
                                       std::string_view("/jobs/m:generateContent"),
                                       std::string_view("/jobs/{id}"),
                                       std::string_view("/jobs/a b"),
                                       std::string_view("/jobs/a\tb"),
                                       std::string_view("/jobs/\xc3\xa9"),
                                       std::string_view("/jobs?a=b"),
                                       std::string_view("/jobs#a"),
                                       std::string_view("/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a"),
                                       std::string_view(long_part)})
        EXPECT_NE(path_flaw(bad, Blanks::refused), "") << bad;
}

TEST(Passthrough, AllAreAlsoThoseWhoseVirtualModelPicksOneThere) {
    const Parsed parsed = parse_text(R"(providers:
  p: {dialect: openai, base_url: "https://p.example", passthrough: [{name: a, method: GET, path: /x, price: 0, allow: all}]}
  q: {dialect: openai, base_url: "https://q.example"}
models:
  m: {channels: [{provider: p}]}
  n: {channels: [{provider: q}]}
  auto: {rules: [{when: {tools: true}, use: m}, {use: n}]}
  other: {rules: [{use: n}]}
teams: {research: {models: [auto]}, sales: {models: [other]}})");
    ASSERT_EQ(problems_of(parsed), "");
    for (const auto& [team, passes] : {std::pair("research", true), std::pair("sales", false)}) {
        Caller caller;
        caller.key_id = "k";
        caller.team = team;
        const auto route =
            admit_passthrough(*parsed.snapshot, caller, {.provider = "p", .method = "GET", .path = "/x"}, now);
        EXPECT_EQ(route.has_value(), passes) << team;
    }
}

class Admitted : public ::testing::Test {
  protected:
    Admitted() {
        const Parsed parsed = parse_text(document_with(
            "{name: fine-tuning jobs, method: GET, path: '/fine_tuning/jobs/{id}', price: 0.002, allow: [research]}, "
            "{name: stores, method: POST, path: '/vector_stores/{id}/{what}', price: 0, allow: all}"));
        EXPECT_EQ(problems_of(parsed), "");
        rules = parsed.snapshot;
    }
    Result<Route> ask(std::string_view team, std::string_view method, std::string_view path,
                      std::vector<std::string> models = {}, std::string_view provider = "p") const {
        Caller caller;
        caller.key_id = "k";
        caller.team = team;
        caller.models = std::move(models);
        return admit_passthrough(*rules, caller, {.provider = provider, .method = method, .path = path}, now);
    }
    static Fault fault_of(const Result<Route>& route) { return route ? Fault::internal : route.error().fault; }

    std::shared_ptr<const Snapshot> rules;
};

TEST_F(Admitted, TheEntrysPriceIsHeldAndItsNameIsWhatTheBooksSay) {
    const auto route = ask("research", "GET", "/fine_tuning/jobs/ft-1");
    ASSERT_TRUE(route) << route.error().for_caller;
    EXPECT_EQ(route->model->name, "p fine-tuning jobs");
    EXPECT_EQ(route->channels.front()->name(), "p/passthrough fine-tuning jobs");
    EXPECT_EQ(route->expected.text(), "0.002");
    EXPECT_EQ(route->expected_min, route->expected);
    EXPECT_EQ(route->worst, route->expected);
    EXPECT_EQ(route->output_worst, 0);
    EXPECT_EQ(route->model->attempts_max, 1);
    // Whatever an answer says: the price stays.
    Usage usage;
    usage.input = usage.output = usage.reasoning = usage.cache_read = 1'000'000;
    EXPECT_EQ(cost(*route->price, usage, {}, now).text(), "0.002");
    EXPECT_FALSE(rules->models.contains("p fine-tuning jobs"));
}

TEST_F(Admitted, OnlyWhatIsWrittenPasses) {
    EXPECT_EQ(fault_of(ask("research", "POST", "/fine_tuning/jobs/ft-1")), Fault::not_found);
    EXPECT_EQ(fault_of(ask("research", "GET", "/fine_tuning/jobs")), Fault::not_found);
    EXPECT_EQ(fault_of(ask("research", "GET", "/fine_tuning/jobs/1/events")), Fault::not_found);
    EXPECT_EQ(fault_of(ask("research", "GET", "/fine_tuning/jobs/ft-1", {}, "q")), Fault::not_found);
    const auto none = ask("research", "GET", "/other");
    ASSERT_FALSE(none);
    EXPECT_NE(none.error().for_caller.find("passthrough of the provider in the policy"), std::string::npos);
}

TEST_F(Admitted, ABlankStandsForNoWordThatDoesNotPass) {
    EXPECT_TRUE(ask("research", "POST", "/vector_stores/vs-1/search"));
    for (const std::string_view what : {"files", "FILES", "file_batches", "api_keys", "runs"})
        EXPECT_EQ(fault_of(ask("research", "POST", fmt::format("/vector_stores/vs-1/{}", what))), Fault::not_permitted)
            << what;
}

TEST_F(Admitted, TeamsPassThatAreNamedOrUseAModelThere) {
    const std::string_view job = "/fine_tuning/jobs/ft-1", search = "/vector_stores/vs-1/search";
    EXPECT_EQ(fault_of(ask("sales", "GET", job)), Fault::not_permitted);
    EXPECT_EQ(fault_of(ask("poor", "GET", job)), Fault::not_permitted) << "a team below is not named";
    EXPECT_EQ(fault_of(ask("gone", "GET", job)), Fault::not_permitted);
    EXPECT_TRUE(ask("research", "POST", search));
    EXPECT_EQ(fault_of(ask("sales", "POST", search)), Fault::not_permitted)
        << "all are those who may use a model there";
    EXPECT_EQ(fault_of(ask("gone", "POST", search)), Fault::not_permitted);
    EXPECT_EQ(fault_of(ask("research", "GET", job, {"m"})), Fault::not_permitted) << "a key of some models";
    EXPECT_TRUE(ask("research", "GET", job, {"*"}));
}

}  // namespace
}  // namespace bursar::policies::testing
