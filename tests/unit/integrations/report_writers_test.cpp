// Hunts: markup and formulas from names, links that should not be asked, files that stray from their folder, messages
// that fit no target, and pages that change without anybody having looked.
#include "integrations/json.h"
#include "integrations/report/escape.h"
#include "integrations/report/report_json.h"
#include "integrations/report/writers.h"
#include "integrations/slack/blocks.h"
#include "integrations/teams/card.h"
#include "integrations/webhook/body.h"
#include "integrations/wire.h"
#include "tests/unit/integrations/report_sample.h"
#include "tests/unit/integrations/sample.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace bursar::integrations::report {
namespace {

/// Fields of RFC 4180; a test's reader, which aborts at nothing.
std::vector<std::vector<std::string>> rows_of(const std::string& csv) {
    std::vector<std::vector<std::string>> out(1, {""});
    bool quoted = false;
    for (std::size_t i = 0; i < csv.size(); ++i) {
        std::string& cell = out.back().back();
        if (quoted && csv[i] == '"' && i + 1 < csv.size() && csv[i + 1] == '"')
            cell.push_back(csv[i++]);
        else if (csv[i] == '"')
            quoted = !quoted;
        else if (!quoted && csv[i] == ',')
            out.back().emplace_back();
        else if (!quoted && csv[i] == '\r' && csv[i + 1] == '\n' && ++i > 0)
            out.emplace_back(1, "");
        else
            cell.push_back(csv[i]);
    }
    out.pop_back();
    return out;
}

TEST(ReportPage, ReadsAsItDidBefore) {
    test::expect_golden("report.html", html_of(test::company_report()));
    test::expect_golden("report-de.html", html_of(test::company_report(Language::de)));
    test::expect_golden("report-empty.html", html_of(test::empty_report()));
    test::expect_golden("report-hostile.html", html_of(test::hostile_report()));
    test::expect_golden("report-mail-fr.html", mail_page_of(test::company_report(Language::fr), "picture@bursar"));
}

TEST(ReportPage, NoNameBecomesMarkup) {
    for (const std::string& page : {html_of(test::hostile_report()), mail_page_of(test::hostile_report(), "")}) {
        EXPECT_FALSE(page.contains("<script"));
        EXPECT_FALSE(page.contains("javascript:"));
        EXPECT_FALSE(page.contains("<!--"));
        EXPECT_FALSE(page.contains("\u202e"));
        EXPECT_FALSE(page.contains("\u2066"));
        EXPECT_TRUE(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;&lt;!-- ]]&gt;"));
    }
}

TEST(ReportPage, NeedsNothingBesides) {
    const std::string page = html_of(test::company_report());
    for (const char* word : {"<script", "<link", "src=", "@import", "url(", "http://"})
        EXPECT_FALSE(page.contains(word)) << word;
    EXPECT_TRUE(page.contains("default-src 'none'"));
    EXPECT_TRUE(page.contains("href=\"https://bursar.nordlicht.example/usage?from=2026-11-01\""));
}

TEST(ReportPage, OfAMailStaysBelowWhatMailProgramsCut) {
    EXPECT_LT(mail_page_of(test::longest_report(), "x").size(), 100U * 1024);
    EXPECT_TRUE(html_of(test::longest_report()).contains("a-team-with-a-rather-long-name-199"));
}

TEST(ReportCsv, ReadsAsItDidBefore) {
    test::expect_golden("report-de.csv", csv_of(test::company_report(Language::de)));
    test::expect_golden("report-hostile.csv", csv_of(test::hostile_report()));
}

TEST(ReportCsv, HasAsManyFieldsInEachRecordAndNoFormula) {
    for (const Report& report : {test::company_report(), test::company_report(Language::fr), test::empty_report(),
                                 test::hostile_report(), test::longest_report()}) {
        const auto rows = rows_of(csv_of(report));
        for (const auto& row : rows) {
            EXPECT_EQ(row.size(), rows.front().size());
            for (std::size_t i = 1; i <= 2; ++i) {
                const std::size_t begin = row[i].find_first_not_of(' ');
                if (begin != std::string::npos)
                    EXPECT_FALSE(std::string_view("=+-@\t\r").contains(row[i][begin])) << row[i];
            }
        }
    }
}

TEST(ReportCsv, AmountsOfTeamsAddUpToTheTotalExactly) {
    const auto rows = rows_of(csv_of(test::company_report()));
    const auto column = static_cast<std::size_t>(std::ranges::find(rows[0], "charge_usd") - rows[0].begin());
    NanoUsd teams, total;
    for (const auto& row : rows) {
        if (row[0] == "team") teams += NanoUsd::parse(row[column]).value();
        if (row[0] == "total") total = NanoUsd::parse(row[column]).value();
    }
    EXPECT_EQ(teams, total);
    EXPECT_EQ(total, test::company_report().total.charge);
}

TEST(ReportCsv, CellsAreTextToEverySpreadsheet) {
    EXPECT_EQ(csv_cell("=1+1"), "'=1+1");
    EXPECT_EQ(csv_cell("  @SUM(A1)"), "'  @SUM(A1)");
    EXPECT_EQ(csv_cell("\t=1"), "' =1");
    EXPECT_EQ(csv_cell("\r\n-1"), "'  -1");
    EXPECT_EQ(csv_cell("a,\"b\""), "\"a,\"\"b\"\"\"");
    EXPECT_EQ(csv_cell("a-b"), "a-b");
    EXPECT_EQ(csv_cell(""), "");
}

TEST(ReportMessage, FitsEveryTarget) {
    for (const Report& report :
         {test::company_report(), test::empty_report(), test::hostile_report(), test::longest_report()}) {
        const Message message = summary_of(report, "pdf,csv");
        ASSERT_EQ(message.attachments.size(), 1U);
        EXPECT_EQ(read_report(message.attachments[0].bytes).value(), read_report(write_report(report)).value());
        const auto read = read_message(write_message(message));
        ASSERT_TRUE(read) << read.error().for_caller;
        EXPECT_LE(teams::payload(message, Copy::first).size(), teams::payload_bytes_max);
    }
    test::expect_golden("report-slack.json", slack::payload(summary_of(test::company_report(), "pdf"), Copy::first));
}

TEST(ReportMessage, SaysWhereFilesAreIfTheyCannotCome) {
    Message message = summary_of(test::company_report(Language::de), "pdf");
    leave_files_out(message);
    EXPECT_TRUE(message.attachments.empty());
    EXPECT_TRUE(message.text.contains("Sie kommen per E-Mail")) << message.text;
    EXPECT_TRUE(summary_of(test::company_report(), "").attachments.empty());
}

TEST(ReportMessage, OfAWebhookCarriesTheReportItself) {
    const Message message = summary_of(test::company_report(), "pdf");
    const auto body = Json::parse(webhook::body(message, "dlv_1", Copy::first), frame_bytes_max);
    ASSERT_TRUE(body);
    EXPECT_EQ(body->at("report").at("total").at("charge").text(), test::company_report().total.charge.text());
    EXPECT_TRUE(body->at("message").at("attachments").list().empty());
    Message hostile = message;
    hostile.attachments[0].bytes = "{},\"message\":{}";
    EXPECT_FALSE(webhook::body(hostile, "dlv_1", Copy::first).contains("\"report\":"));
}

TEST(ReportFiles, AreNamedAfterSubjectAndPeriod) {
    Report report = test::company_report();
    EXPECT_EQ(file_name_of(report), "usage-finance-2026-11");
    report.whole = false;
    report.subject = "research";
    report.every = Every::week;
    report.from = parse_timestamp("2026-11-22T23:00:00Z").value();
    EXPECT_EQ(file_name_of(report), "usage-research-2026-W48");
    report.every = Every::day;
    EXPECT_EQ(file_name_of(report), "usage-research-2026-11-23");
    report.subject = "日本";
    EXPECT_EQ(file_name_of(report), "usage-finance-2026-11-23");
    report.name = report.subject = "../../etc/passwd";
    EXPECT_EQ(file_name_of(report), "usage-etc-passwd-2026-11-23");
}

}  // namespace
}  // namespace bursar::integrations::report
