// Hunts: a report that reaches a target in a form that it cannot take, or not at all.
#include "integrations/courier/reports.h"

#include "integrations/report/report.h"
#include "integrations/report/writers.h"
#include "tests/unit/integrations/report_sample.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace bursar::courier {
namespace {

using integrations::Message;
using integrations::Target;
using integrations::TargetKind;

Message due() { return summary_of(integrations::test::company_report(), "pdf,png"); }

std::vector<std::string> types_of(const Message& message) {
    std::vector<std::string> out;
    for (const auto& each : message.attachments) out.push_back(each.type);
    return out;
}

TEST(Reports, ReachEachTargetAsItTakesThem) {
    struct Case {
        const char* name;
        TargetKind kind;
        const char* secret;
        std::vector<std::string> types;
        bool says_where;
    };
    const std::vector<Case> cases = {
        {"a mail has a page",
         TargetKind::mail,
         "password",
         {"application/pdf", "image/png", "text/html; of=mail"},
         false},
        {"an issue of Jira has files", TargetKind::jira, "token", {"application/pdf", "image/png"}, false},
        {"a bot uploads files", TargetKind::slack, "token", {"application/pdf", "image/png"}, false},
        {"a webhook of Slack has words", TargetKind::slack, "webhook", {}, true},
        {"Teams has words", TargetKind::teams, "webhook", {}, true},
        {"a webhook has the report", TargetKind::webhook, "key", {integrations::report::report_type}, false},
    };
    for (const Case& each : cases) {
        Target target{.name = "x", .kind = each.kind};
        target.secrets.emplace(each.secret, Secret(std::string("s3cret")));
        Message message = due();
        const auto done = prepare_report(message, target);
        ASSERT_TRUE(done) << each.name << ": " << done.error().operator_text();
        EXPECT_EQ(types_of(message), each.types) << each.name;
        EXPECT_EQ(message.text.contains("cannot come here"), each.says_where) << each.name;
    }
}

TEST(Reports, ThatAreNoneAreRefusedForEveryTarget) {
    for (const TargetKind kind :
         {TargetKind::mail, TargetKind::jira, TargetKind::slack, TargetKind::teams, TargetKind::webhook}) {
        Target target{.name = "x", .kind = kind};
        Message message = due();
        message.attachments[0].bytes = "{\"name\":\"finance\"}";
        const auto done = prepare_report(message, target);
        ASSERT_FALSE(done);
        EXPECT_TRUE(done.error().for_caller.contains("\"organisation\"")) << done.error().for_caller;
    }
}

TEST(Reports, MessagesWithoutOneStayAsTheyAre) {
    Message message;
    message.title = "A key is paused";
    message.attachments.push_back({.name = "a.txt", .type = "text/plain", .bytes = "x"});
    const Message before = message;
    ASSERT_TRUE(prepare_report(message, Target{.name = "x", .kind = TargetKind::mail}));
    EXPECT_EQ(message, before);
}

}  // namespace
}  // namespace bursar::courier
