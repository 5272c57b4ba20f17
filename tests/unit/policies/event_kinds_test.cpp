// Hunts: an event that nothing ends, an end that ends nothing, a word that policies cannot write, a page that lags
// behind.
#include "policies/event_kinds.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::policies {
namespace {

using Course = EventKind::Course;

std::vector<std::string> words_in(std::string_view list) {
    std::vector<std::string> out;
    for (std::string_view rest = list; !rest.empty();) {
        const std::size_t comma = std::min(rest.find(", "), rest.size());
        out.emplace_back(rest.substr(0, comma));
        rest.remove_prefix(std::min(comma + 2, rest.size()));
    }
    return out;
}

TEST(EventKinds, have_names_of_two_words_each_once) {
    std::set<std::string_view> names;
    for (const EventKind& kind : event_kinds()) {
        EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
        EXPECT_EQ(std::ranges::count(kind.name, '.'), 1) << kind.name;
        EXPECT_EQ(kind.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_."), std::string_view::npos) << kind.name;
        EXPECT_EQ(event_kind(kind.name), &kind);
        EXPECT_FALSE(kind.title.empty() || kind.title.ends_with('.')) << kind.name;
        EXPECT_TRUE(kind.meaning.ends_with('.')) << kind.name;
    }
    EXPECT_EQ(event_kind("budget"), nullptr);
    EXPECT_EQ(event_kind(""), nullptr);
}

TEST(EventKinds, that_begin_are_ended_by_those_that_end_and_by_no_other) {
    std::set<std::string> end_something;
    for (const EventKind& kind : event_kinds()) {
        EXPECT_EQ(kind.course == Course::begins, !kind.ended_by.empty()) << kind.name;
        for (const std::string& end : words_in(kind.ended_by)) {
            ASSERT_NE(event_kind(end), nullptr) << end;
            EXPECT_EQ(event_kind(end)->course, Course::ends) << end;
            end_something.insert(end);
        }
    }
    for (const EventKind& kind : event_kinds()) {
        if (kind.course != Course::ends) continue;
        EXPECT_TRUE(end_something.contains(std::string(kind.name))) << kind.name << " ends nothing";
        EXPECT_EQ(kind.severity, Severity::info) << kind.name << ": an end is no trouble";
    }
}

std::string_view words_of(Course course) {
    switch (course) {
        case Course::begins:
            return "lasts";
        case Course::ends:
            return "ends";
        case Course::news:
            return "news";
    }
    return "";
}

std::string page() {
    std::ostringstream out;
    out << "# Events\n\n"
           "Everything that people can be told of. `bursarctl alerts` lists what was raised; the section `alerts` of "
           "the "
           "[policy](policy.md#alerts) says who is told of what. In routes a\nkind is written whole "
           "(`budget.threshold`) "
           "or by its first word (`budget`), which stands for all that begin with it.\n\n"
           "What *lasts* goes on until an event of the last column ends it: both are of one incident, and whoever was "
           "told "
           "of the beginning is told of the end. *News* is over as\nsoon as it is told. Severities are `info` (news), "
           "`warning` (somebody should look today) and `critical` (somebody should look now); a single event may have "
           "another\none than its kind.\n\n"
           "| kind | severity | course | what it means, and what to do | ended by |\n|---|---|---|---|---|\n";
    for (const EventKind& kind : event_kinds()) {
        out << "| `" << kind.name << "` | " << name_of(kind.severity) << " | " << words_of(kind.course) << " | **"
            << kind.title << ".** " << kind.meaning << " | ";
        const auto ends = words_in(kind.ended_by);
        for (std::size_t i = 0; i < ends.size(); ++i) out << (i == 0 ? "" : ", ") << '`' << ends[i] << '`';
        out << " |\n";
    }
    return out.str();
}

TEST(EventKinds, are_in_the_documents_as_they_are_here) {
    const std::string file = BURSAR_SOURCE_DIR "/docs/operate/events.md";
    if (std::getenv("BURSAR_UPDATE_GOLDEN") != nullptr) std::ofstream(file) << page();
    std::ifstream in(file);
    std::ostringstream text;
    text << in.rdbuf();
    EXPECT_EQ(text.str(), page()) << "BURSAR_UPDATE_GOLDEN=1 rewrites it";
}

}  // namespace
}  // namespace bursar::policies
