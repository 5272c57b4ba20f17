// Hunts: a report that is another one after it crossed the socket, and one that a reader takes though a field is
// missing, too long, too large or of another type.
#include "integrations/report/report_json.h"

#include "integrations/json.h"
#include "tests/unit/integrations/report_sample.h"

#include <gtest/gtest.h>

namespace bursar::integrations::report {
namespace {

/// Written again with one member replaced, wherever in the tree it is; null takes it away.
void write_with(JsonWriter& json, const Json& from, const std::string& path, const char* value) {
    json.open();
    const std::string head = path.substr(0, path.find('.'));
    for (const auto& [name, member] : from.object()) {
        const bool is_last = head == path;
        if (name != head) {
            json.key(name);
            member.write(json);
        } else if (is_last && value != nullptr) {
            json.key(name).raw(value);
        } else if (!is_last && member.is_list()) {
            json.key(name).open_list();
            for (const Json& item : member.list()) write_with(json, item, path.substr(head.size() + 1), value);
            json.close_list();
        } else if (!is_last) {
            json.key(name);
            write_with(json, member, path.substr(head.size() + 1), value);
        }
    }
    json.close();
}

std::string with(const std::string& path, const char* value) {
    const auto whole = Json::parse(write_report(test::company_report()), report_bytes_max);
    JsonWriter json;
    write_with(json, whole.value(), path, value);
    return std::move(json).text();
}

TEST(ReportJson, IsTheSameReportWhenItIsRead) {
    for (const Report& report :
         {test::company_report(Language::fr), test::empty_report(), test::hostile_report(), test::longest_report()}) {
        const std::string json = write_report(report);
        EXPECT_LE(json.size(), report_bytes_max);
        const auto read = read_report(json);
        ASSERT_TRUE(read) << read.error().for_caller;
        EXPECT_EQ(write_report(*read), json);
    }
    EXPECT_EQ(read_report(write_report(test::company_report())).value(), test::company_report());
}

TEST(ReportJson, AFieldThatIsMissingIsNamed) {
    for (const char* path : {"name",
                             "organisation",
                             "subject",
                             "whole",
                             "every",
                             "from",
                             "to",
                             "before_from",
                             "made",
                             "manner",
                             "manner.language",
                             "manner.currency",
                             "manner.per_dollar_millionths",
                             "manner.time_zone",
                             "total",
                             "before",
                             "total.calls",
                             "total.refused",
                             "total.errors",
                             "total.tokens_in",
                             "total.tokens_out",
                             "total.cost",
                             "total.charge",
                             "teams",
                             "teams.lines",
                             "teams.left_out",
                             "teams.rest",
                             "teams.lines.name",
                             "teams.lines.above",
                             "teams.lines.now",
                             "teams.lines.before",
                             "models",
                             "people",
                             "cost_centres",
                             "people_hidden",
                             "budgets",
                             "budgets.account",
                             "budgets.hard",
                             "budgets.limit",
                             "budgets.spent",
                             "days",
                             "days.begins",
                             "days.charge",
                             "days.calls",
                             "waste",
                             "waste.errors",
                             "waste.retries",
                             "waste.refused",
                             "waste.error_charge",
                             "waste.retry_cost",
                             "waste.unused",
                             "waste.idle",
                             "cheaper",
                             "cheaper.model",
                             "cheaper.other",
                             "cheaper.cost",
                             "cheaper.other_cost"}) {
        const auto read = read_report(with(path, nullptr));
        ASSERT_FALSE(read) << path;
        EXPECT_EQ(read.error().fault, Fault::invalid_request) << path;
        const std::string name = std::string(path).substr(std::string(path).rfind('.') + 1);
        EXPECT_TRUE(read.error().for_caller.contains('"' + name + '"')) << path << ": " << read.error().for_caller;
    }
}

TEST(ReportJson, AWrongFieldIsRefused) {
    struct Case {
        const char *path, *value;
    };
    const std::string long_name = '"' + std::string(501, 'x') + '"';
    const std::string long_url = '"' + std::string(4001, 'x') + '"';
    std::string lines = "[";
    for (std::size_t i = 0; i <= lines_max; ++i) lines += i == 0 ? "{}" : ",{}";
    lines += "]";
    const std::vector<Case> cases = {
        {"name", "1"},
        {"organisation", long_name.c_str()},
        {"teams.lines.name", long_name.c_str()},
        {"url", long_url.c_str()},
        {"url", "[]"},
        {"whole", "\"true\""},
        {"every", "\"year\""},
        {"from", "\"yesterday\""},
        {"to", "\"2026-10-01T00:00:00Z\""},
        {"before_from", "\"2027-01-01T00:00:00Z\""},
        {"manner", "[]"},
        {"manner.language", "\"xx\""},
        {"manner.currency", "\"eur\""},
        {"manner.currency", "\"EURO\""},
        {"manner.currency", "\"<b>\""},
        {"manner.per_dollar_millionths", "0"},
        {"manner.per_dollar_millionths", "-1"},
        {"manner.per_dollar_millionths", "1000000000001"},
        {"manner.per_dollar_millionths", "1.5"},
        {"manner.time_zone", "\"../../../etc/passwd\""},
        {"manner.time_zone", "\"/etc/localtime\""},
        {"manner.time_zone", "\"libc:localtime\""},
        {"manner.time_zone", "\"\""},
        {"total.calls", "-1"},
        {"total.calls", "1000000000000001"},
        {"total.calls", "\"1\""},
        {"total.charge", "12.5"},
        {"total.charge", "\"12,5x\""},
        {"total.charge", "\"9223372037\""},
        {"teams", "null"},
        {"teams.lines", "{}"},
        {"teams.lines", "[1]"},
        {"teams.lines", lines.c_str()},
        {"budgets", "{}"},
        {"budgets.hard", "1"},
        {"budgets.expected", "7"},
        {"budgets.exhausted_at", "\"soon\""},
        {"days.before", "true"},
        {"cheaper", "[{},{},{},{},{},{}]"},
        {"waste", "[]"},
        {"expected", "12"},
        {"people_hidden", "0"},
    };
    for (const Case& each : cases) {
        const auto read = read_report(with(each.path, each.value));
        ASSERT_FALSE(read) << each.path << " = " << each.value;
        EXPECT_EQ(read.error().fault, Fault::invalid_request);
    }
}

TEST(ReportJson, WhatIsNoObjectIsNoReport) {
    for (const char* text : {"", "null", "[]", "{}", "{\"name\":", "\"report\"", "{\"name\":\"\xff\"}"})
        EXPECT_FALSE(read_report(text)) << text;
    EXPECT_FALSE(read_report(write_report(test::company_report()) + std::string(report_bytes_max, ' ')));
}

}  // namespace
}  // namespace bursar::integrations::report
