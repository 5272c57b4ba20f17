// Hunts: a budget or a duration that is read as another one than was written, columns that do not align, a value that
// steers the terminal.
#include "service/ctl/api.h"
#include "service/ctl/budget_cells.h"
#include "service/ctl/forecast_words.h"
#include "service/ctl/key_words.h"
#include "service/ctl/table.h"

#include <string>
#include <vector>

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <gtest/gtest.h>

namespace bursar::ctl {
namespace {

TEST(Words, a_bar_never_leaves_its_frame) {
    EXPECT_EQ(limit_bar(0.5, 0.75), "[##########+++++     ]  50% -> 75%");
    EXPECT_EQ(limit_bar(0, 0), "[                    ]   0% -> 0%");
    EXPECT_EQ(limit_bar(0.25, -1), "[#####               ]  25% -> ?");
    EXPECT_EQ(limit_bar(0.5, 3), "[##########+++++++++!]  50% -> 300%");
    EXPECT_EQ(limit_bar(1.2, 1.2), "[###################!] 120% -> 120%");
    EXPECT_EQ(limit_bar(0.8, 0.1), "[################    ]  80% -> 10%") << "a credit";
    EXPECT_EQ(limit_bar(-0.5, 1e12), "[+++++++++++++++++++!]   0% -> 9999%");
}

TEST(Words, Budgets) {
    const struct {
        std::string_view text;
        std::string_view json;  ///< as the API gets it; empty: refused
    } cases[] = {
        {"10 USD per month", R"({"limit":"10 USD","per":"month","hard":true})"},
        {"10 USD/month", R"({"limit":"10 USD","per":"month","hard":true})"},
        {"10 USD / week soft", R"({"limit":"10 USD","per":"week","hard":false})"},
        {"1,250.50 USD per ever", R"({"limit":"1,250.50 USD","per":"ever","hard":true})"},
        {"5M tokens/day", R"({"limit":"5M tokens","per":"day","hard":true})"},
        {"100 calls per hour rolling", R"({"limit":"100 calls","per":"hour","rolling":true,"hard":true})"},
        {"20 USD/month of tier:frontier soft", R"({"limit":"20 USD","per":"month","of":"tier:frontier","hard":false})"},
        {"20 USD cost/month", R"({"limit":"20 USD","measure":"cost","per":"month","hard":true})"},
        {"20 USD of model:org/name/month", ""},
        {"20 USD of model:org/name per month", R"({"limit":"20 USD","per":"month","of":"model:org/name","hard":true})"},
        {"soft 10 USD/day", ""},
        {"5 USD from 2026-12-01 until 2027-01-01",
         R"({"limit":"5 USD","from":"2026-12-01","until":"2027-01-01","hard":true})"},
        {"5 USD from 2026-12-01", ""},
        {"5 USD until 2026-12-01 per day", ""},
        {"5 USD per day from 2026-12-01 until 2027-01-01", ""},
        {"5 USD per day per week", ""},
        {"5 USD per day of x", ""},
        {"5 USD per day of", ""},
        {"5 USD per", ""},
        {"5 tokens cost per day", ""},
        {"5m tokens per day", ""},
        {"0.5 calls per day", ""},
        {"2,000,000,000 USD per day", ""},
        {"10 EUR per month", ""},
        {"10 USD per fortnight", ""},
        {"10 USD per dates", ""},
        {"-10 USD per month", ""},
        {"ten USD per month", ""},
        {"10 USD per month hard", ""},
        {"10 USD", ""},
        {"soft", ""},
        {"/", ""},
        {"", ""},
    };
    for (const auto& c : cases) {
        const auto budget = read_budget(c.text);
        if (c.json.empty()) {
            ASSERT_FALSE(budget) << c.text;
            EXPECT_EQ(budget.error().exit, Exit::wrong_usage);
            continue;
        }
        ASSERT_TRUE(budget) << c.text;
        JsonWriter json;
        write_budget(json, *budget);
        EXPECT_EQ(json.text(), c.json) << c.text;
    }
}

TEST(Words, a_budget_that_is_wrong_is_told_how_to_be_right) {
    const auto said = [](std::string_view text) { return read_budget(text).error().text; };
    EXPECT_NE(said("10 USD per fortnight").find("use minute, hour, day"), std::string::npos);
    EXPECT_NE(said("10 USD per day of frontier").find("tier:NAME"), std::string::npos);
    EXPECT_NE(said("10").find("5M tokens/day"), std::string::npos);
}

TEST(Budgets, are_shown_with_their_units) {
    const auto shown = [](const char* json) {
        const auto object = QJsonDocument::fromJson(json).object();
        const auto cells = budget_cells({object}).first().toObject();
        std::string text = budget_text(object);
        for (const char* name : {"limit", "kind", "spent", "held", "left"})
            text += "|" + cells.value(QLatin1String(name)).toString().toStdString();
        return text;
    };
    EXPECT_EQ(shown(R"({"account":"org","limit_usd":"100.00","limit":100.00,"measure":"cost","per":"month",
                        "rolling":false,"of":"","hard":true,"kind":"cost per month","adjusted":false,
                        "spent_usd":"1.50","spent":1.5,"held_usd":"0.00","held":0,"remaining_usd":"98.50","remaining":98.5})"),
              "100.00 USD cost per month|100.00 USD|cost per month|1.50 USD|0.00 USD|98.50 USD");
    EXPECT_EQ(shown(R"j({"account":"key:1","limit":5000000,"measure":"tokens","per":"day","rolling":true,"of":"tag:x",
                        "hard":false,"kind":"tokens in any 24 hours of tag:x (soft)","adjusted":true,
                        "spent":1234,"held":0,"remaining":4998766
})j"),
              "5,000,000 tokens in any 24 hours of tag:x (soft)|5,000,000 tokens|tokens in any 24 hours of tag:x "
              "(soft) (adjusted)|1,234 "
              "tokens|0 tokens|4,998,766 tokens");
}

TEST(Words, Durations) {
    const struct {
        std::string text;
        std::int64_t seconds;  ///< -1: refused
    } cases[] = {
        {"0", 0},
        {"90s", 90},
        {"30m", 1'800},
        {"24h", 86'400},
        {"7d", 604'800},
        {"366d", 31'622'400},
        {"367d", -1},
        {"30", -1},
        {"h", -1},
        {"-1h", -1},
        {"1.5h", -1},
        {"1h ", -1},
        {"9223372036854775807d", -1},
        {"", -1},
    };
    for (const auto& c : cases) {
        const auto seconds = read_duration(c.text, 366);
        EXPECT_EQ(seconds.value_or(-1), c.seconds) << c.text;
    }
}

TEST(Table, ColumnsAlignAndLinesEndWithoutSpaces) {
    EXPECT_EQ(
        table({{"NAME"}, {"USD", Align::right}, {"TEXT"}}, {{"a", "1.00", "x"}, {"größer", "12.50", ""}, {"short"}}),
        "NAME      USD  TEXT\n"
        "a        1.00  x\n"
        "größer  12.50\n"
        "short\n");
}

TEST(Table, NothingFromTheServiceSteersTheTerminal) {
    EXPECT_EQ(printable("a\x1b[2Jb\nc\x7f"), "a?[2Jb?c?");
    EXPECT_EQ(printable("\xc2\x9b"
                        "31m"),
              "?31m");
    EXPECT_EQ(printable("Grüße €"), "Grüße €");
    EXPECT_EQ(table({{"A"}}, {{"x\ny"}}), "A\nx?y\n");
}

TEST(Words, what_waits_for_a_second_person_is_no_success) {
    EXPECT_TRUE(check_done({.status = 200, .body = R"({"approval":{"id":"x"}})"}).has_value());
    const std::string body =
        R"({"approval":{"id":"k3m9x2p7","what":"…","asked_by":"operator:ada","expires_at":"2026-11-24T12:00:00.000Z"}})";
    const auto waits = check_done({.status = 202, .body = body});
    ASSERT_FALSE(waits.has_value());
    EXPECT_EQ(waits.error().exit, Exit::waits);
    EXPECT_EQ(waits.error().body, body);
    EXPECT_EQ(waits.error().text,
              "Nothing was changed yet: this needs a second person. Another operator approves it until "
              "2026-11-24T12:00:00.000Z with: bursarctl approvals approve k3m9x2p7");
}

TEST(Problem, TheServicesSentenceIsShown) {
    EXPECT_EQ(problem_text({.status = 404, .body = R"({"title":"Not Found","detail":"There is no key of that id."})"}),
              "There is no key of that id.");
    EXPECT_EQ(problem_text({.status = 409, .body = R"({"title":"Conflict"})"}), "Conflict.");
    EXPECT_NE(problem_text({.status = 502, .body = "<html>"}).find("502"), std::string::npos);
    EXPECT_EQ(url_part("a b/c?ä"), "a%20b%2Fc%3F%C3%A4");
}

}  // namespace
}  // namespace bursar::ctl
