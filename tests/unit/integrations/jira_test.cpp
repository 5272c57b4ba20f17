// Hunts: issues that Jira would refuse for their length or form, texts that become markup, incidents that get two
// issues because a search or a transition goes by a name, and errors whose words are lost.
#include "integrations/jira/adf.h"
#include "integrations/jira/answers.h"
#include "integrations/jira/issue.h"
#include "integrations/jira/wiki.h"
#include "integrations/text.h"
#include "tests/unit/integrations/sample.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace bursar::integrations::jira {
namespace {

constexpr std::size_t json_bytes_max = 1 << 20;
const Timestamp now = from_unix_milliseconds(1'795'989'000'000);

Target target(std::string_view flavour) {
    Target out{.name = "jira", .kind = TargetKind::jira};
    out.settings = {{"url", "https://jira.example.com/"},
                    {"flavour", std::string(flavour)},
                    {"project", "OPS"},
                    {"issue_type", "Incident"},
                    {"user", "bot@example.com"},
                    {"labels", "bursar, cost control"},
                    {"components", "AI"},
                    {"fields", R"({"customfield_1":{"value":"4711"},"priority":{"id":"2"}})"},
                    {"assignees", R"({"research":"5b10a","":"9c"})"}};
    return out;
}

Project project(std::string_view flavour) {
    auto read = Project::read(target(flavour));
    EXPECT_TRUE(read) << read.error().for_caller;
    return *std::move(read);
}

Json parsed(const std::string& text) {
    const auto read = Json::parse(text, json_bytes_max);
    EXPECT_TRUE(read) << text;
    return read.value_or(Json());
}

/// Jira refuses a document in which one text is empty.
void check_nodes(const Json& node) {
    if (node.at("type").text() == "text") EXPECT_FALSE(node.at("text").text().empty());
    if (node.at("type").text() == "paragraph") EXPECT_FALSE(node.at("content").list().empty());
    for (const Json& each : node.at("content").list()) check_nodes(each);
}

TEST(JiraAdf, OfAnyMessageIsADocumentThatJiraTakes) {
    for (const Message& message :
         {test::budget_message(), test::huge_message(), test::hostile_message(), test::digest_message(500)}) {
        const std::string text = adf(message);
        EXPECT_LE(units(text), description_units_max);
        const Json document = parsed(text);
        EXPECT_EQ(document.at("type").text(), "doc");
        EXPECT_EQ(document.at("version").whole(), 1);
        check_nodes(document);
    }
    Message empty = test::budget_message();
    empty.facts = {{"", ""}};
    empty.bars = {{"", 0}};
    check_nodes(parsed(adf(empty)));
}

TEST(JiraWiki, OfAnyMessageIsShortEnough) {
    for (const Message& message : {test::budget_message(), test::huge_message(), test::digest_message(1900)})
        EXPECT_LE(units(wiki(message)), description_units_max);
    EXPECT_TRUE(wiki(test::digest_message(1900)).contains("more lines are in the console"));
}

TEST(JiraWiki, NothingOfATextIsMarkup) {
    const std::string out =
        wiki_escaped("{color:red} *b* _i_ -s- +u+ ^s^ ~s~ [l|x] !p! h1. # bq. \\\\ ---- (x) @a | ;) &#42;");
    EXPECT_EQ(out.find_first_of("{}*_+^~[]!\\|()@"), std::string::npos) << out;
    EXPECT_EQ(out.find("--"), std::string::npos) << out;
    EXPECT_EQ(out.find("h1."), std::string::npos) << out;
    EXPECT_EQ(wiki_escaped("1,000.00 USD on 2026-11-29"), "1,000.00 USD on 2026-11-29");
}

TEST(JiraIssue, ReadsAsItDidBefore) {
    Message message = test::budget_message();
    test::expect_golden("jira-cloud-create.json", create_body(project("cloud"), message, "10001", "dlv_1"));
    test::expect_golden("jira-data-center-create.json", create_body(project("data_center"), message, "", "dlv_1"));
    message.state = State::resolved;
    test::expect_golden("jira-cloud-comment.json", comment_body(project("cloud"), message, "dlv_2"));
    test::expect_golden("jira-data-center-comment.json",
                        comment_body(project("data_center"), test::hostile_message(), "dlv_2"));
}

TEST(JiraIssue, ASummaryIsOneLineOf255CharactersAtMost) {
    Message message = test::huge_message();
    message.title += "\r\nsecond line";
    const Json body = parsed(create_body(project("cloud"), message, "", "d"));
    const std::string_view summary = body.at("fields").at("summary").text();
    EXPECT_LE(units(summary), summary_units_max);
    EXPECT_EQ(summary.find_first_of("\r\n"), std::string_view::npos);
}

TEST(JiraIssue, LabelsAreWords) {
    const Json body = parsed(create_body(project("cloud"), test::budget_message(), "", "d"));
    const Json::List& labels = body.at("fields").at("labels").list();
    ASSERT_EQ(labels.size(), 3U);
    EXPECT_EQ(labels[0].text(), incident_label(test::budget_message().incident));
    for (const Json& label : labels) EXPECT_EQ(label.text().find(' '), std::string_view::npos);
}

TEST(JiraIssue, TheTeamsAssigneeIsSetByItsIdOrName) {
    const Json cloud = parsed(create_body(project("cloud"), test::budget_message(), "", "d"));
    EXPECT_EQ(cloud.at("fields").at("assignee").at("accountId").text(), "5b10a");
    Message other = test::budget_message();
    other.whom = "sales";
    const Json dc = parsed(create_body(project("data_center"), other, "", "d"));
    EXPECT_EQ(dc.at("fields").at("assignee").at("name").text(), "9c");
}

TEST(JiraIssue, TheSearchIsByProjectAndLabelInAnyStatus) {
    const Json body = parsed(search_body(project("cloud"), "bursar-0a"));
    EXPECT_EQ(body.at("jql").text(), R"(project = "OPS" AND labels = "bursar-0a" ORDER BY created DESC)");
    EXPECT_EQ(search_path(project("cloud")), "/rest/api/3/search/jql");
    EXPECT_EQ(search_path(project("data_center")), "/rest/api/2/search");
}

TEST(JiraIssue, TwoIncidentsHaveTwoLabels) {
    EXPECT_NE(incident_label("a"), incident_label("b"));
    EXPECT_EQ(incident_label("a").size(), 39U);
}

TEST(JiraIssue, SettingsThatCannotWorkAreNamed) {
    struct Case {
        const char *name, *value, *named;
    };
    for (const Case& each : {Case{"url", "http://jira.example.com", "url"},
                             {"url", "https://a@b.example.com", "url"},
                             {"project", "", "project"},
                             {"flavour", "server", "flavour"},
                             {"user", "", "user"},
                             {"fields", "[]", "fields"},
                             {"assignees", "{", "assignees"}}) {
        Target wrong = target("cloud");
        wrong.settings[each.name] = each.value;
        const auto read = Project::read(wrong);
        ASSERT_FALSE(read) << each.name;
        EXPECT_TRUE(read.error().for_caller.contains(each.named)) << read.error().for_caller;
    }
}

TEST(JiraIssue, RequiredFieldsThatNobodyFillsInAreNamed) {
    const char* const cloud = R"({"fields":[
        {"fieldId":"summary","name":"Summary","required":true},{"fieldId":"labels","name":"Labels","required":false},
        {"fieldId":"customfield_1","name":"Known","required":true},{"fieldId":"customfield_2","name":"Cost centre","required":true},
        {"fieldId":"customfield_3","name":"Has a default","required":true,"hasDefaultValue":true}]})";
    EXPECT_EQ(missing_fields(parsed(cloud), project("cloud")), std::vector<std::string>{"Cost centre (customfield_2)"});
    const char* const dc = R"({"values":[{"fieldId":"summary","name":"Summary","required":true}]})";
    ASSERT_EQ(missing_fields(parsed(dc), project("data_center")).size(), 1U)
        << "without labels an incident gets two issues";
    EXPECT_TRUE(missing_fields(Json(), project("cloud")).empty()) << "a Jira that does not tell decides by itself";
}

TEST(JiraIssue, TransitionsGoByCategoryOrNumberInWhateverLanguage) {
    const Json list = parsed(R"({"transitions":[
        {"id":"11","name":"Zu erledigen","to":{"name":"done","statusCategory":{"key":"new"}}},
        {"id":"21","name":"done","to":{"statusCategory":{"key":"indeterminate"}}},
        {"id":"31","name":"Fertig","to":{"statusCategory":{"key":"done"}}}]})");
    EXPECT_EQ(transition_to(list, "done").id, "31");
    EXPECT_EQ(transition_to(list, "new").id, "11");
    EXPECT_EQ(transition_to(list, "21").id, "21");
    EXPECT_EQ(transition_to(list, "99").id, "");
    const Json only_work = parsed(R"({"transitions":[{"id":"4","to":{"statusCategory":{"key":"indeterminate"}}}]})");
    EXPECT_EQ(transition_to(only_work, "new").id, "4") << "in progress is open, too";
    EXPECT_EQ(transition_to(only_work, "done").id, "");
}

TEST(JiraIssue, ATransitionWhoseScreenAsksForAResolutionGetsOne) {
    const Json list = parsed(R"({"transitions":[{"id":"31","to":{"statusCategory":{"key":"done"}},
        "fields":{"resolution":{"required":true,"allowedValues":[{"id":"10000","name":"Erledigt"}]}}}]})");
    EXPECT_EQ(transition_body(transition_to(list, "done")),
              R"({"transition":{"id":"31"},"fields":{"resolution":{"id":"10000"}}})");
    EXPECT_EQ(transition_body({.id = "11"}), R"({"transition":{"id":"11"}})");
}

TEST(JiraIssue, AFileCannotEndItsOwnPart) {
    const Attachment file{"a\"b/../c\r\n.csv", "text/csv", "--" + boundary_for("d", "") + "--"};
    const std::string boundary = boundary_for("d", file.bytes);
    EXPECT_FALSE(file.bytes.contains(boundary));
    const std::string body = attachment_body(file, boundary);
    EXPECT_TRUE(body.contains("filename=\"a_b_.._c  .csv\"")) << body;
}

TEST(JiraAnswers, MeanWhatJiraMeans) {
    struct Case {
        const char* sentence;
        Answer answer;
        Outcome outcome;
        const char* word;
    };
    const Case cases[] = {
        {"created", {.status = 201, .body = "{}"}, Outcome::sent, ""},
        {"a wrong token", {.status = 401, .body = "Client must be authenticated"}, Outcome::closed, "credentials"},
        {"not permitted", {.status = 403}, Outcome::closed, "permit"},
        {"a captcha",
         {.status = 403, .headers = {{"x-seraph-loginreason", "AUTHENTICATION_DENIED"}}},
         Outcome::closed,
         "captcha"},
        {"no project",
         {.status = 404, .body = R"({"errorMessages":["No project could be found with key 'OPS'."],"errors":{}})"},
         Outcome::closed,
         "No project"},
        {"no project, as Cloud says it",
         {.status = 400, .body = R"({"errorMessages":[],"errors":{"project":"valid project is required"}})"},
         Outcome::closed,
         "valid project"},
        {"a field",
         {.status = 400, .body = R"({"errorMessages":[],"errors":{"customfield_2":"Cost centre is required."}})"},
         Outcome::refused,
         "customfield_2: Cost centre is required."},
        {"too fast",
         {.status = 429, .headers = {{"retry-after", "7"}, {"ratelimit-reason", "jira-burst-based"}}},
         Outcome::later,
         "jira-burst-based"},
        {"trouble", {.status = 503, .body = "<html>"}, Outcome::later, "trouble"},
    };
    for (const Case& each : cases) {
        const Verdict verdict = judge(each.answer, now);
        EXPECT_EQ(verdict.outcome, each.outcome) << each.sentence;
        EXPECT_TRUE(verdict.reason.contains(each.word)) << each.sentence << ": " << verdict.reason;
    }
    EXPECT_EQ(judge({.status = 429, .headers = {{"retry-after", "0"}}}, now).wait, std::chrono::milliseconds(0));
}

TEST(JiraAnswers, AProxysPageIsNoIssue) {
    EXPECT_EQ(read_good({.status = 200, .body = "<html>Sign in</html>"}, json_bytes_max, now).verdict.outcome,
              Outcome::later);
    EXPECT_TRUE(read_good({.status = 200, .body = "{}"}, json_bytes_max, now).is_good());
}

}  // namespace
}  // namespace bursar::integrations::jira
