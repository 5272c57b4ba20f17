// Hunts: a text that adds a header, a recipient or a part to a mail, lines that servers refuse, and addresses that end
// a command of SMTP.
#include "integrations/mail/mail.h"

#include "integrations/base64.h"
#include "integrations/mail/answers.h"
#include "tests/unit/integrations/sample.h"

#include <gtest/gtest.h>

namespace bursar::integrations::mail {
namespace {

Envelope envelope() {
    return {.from = {.name = "Bursar", .address = "bursar@example.com"},
            .to = {{.address = "ops@example.com"}, {.name = "Jörg Größe", .address = "jg@example.com"}},
            .delivery_id = "dlv_1",
            .now = from_unix_milliseconds(1'795'989'000'000)};
}

std::vector<std::string> lines(const std::string& mail) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < mail.size();) {
        const std::size_t end = mail.find("\r\n", at);
        EXPECT_NE(end, std::string::npos) << "the last line has an end";
        if (end == std::string::npos) break;
        out.push_back(mail.substr(at, end - at));
        at = end + 2;
    }
    return out;
}

std::size_t count_of(const std::string& text, std::string_view what) {
    std::size_t count = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
    return count;
}

TEST(Mail, ReadsAsItDidBefore) {
    Message message = test::budget_message();
    message.attachments = {{"usage-2026-11.csv", "text/csv", "team,usd\nresearch,812.40\n"}};
    test::expect_golden("mail.eml", mail(message, Copy::first, envelope()));
    test::expect_golden("mail.html", html(test::budget_message(), Copy::first));
    test::expect_golden("mail.txt", plain(test::digest_message(3), Copy::perhaps_second));
    test::expect_golden("mail-hostile.html", html(test::hostile_message(), Copy::first));
}

TEST(Mail, NoTextOfAMessageAddsAHeader) {
    Message message = test::hostile_message();
    message.attachments = {{"a\"\r\nX-Evil: 1\r\n\r\n.csv", "text/csv\r\nX-Evil: 2", "x"}};
    const std::string text = mail(message, Copy::first, envelope());
    const std::string head = text.substr(0, text.find("\r\n\r\n"));
    EXPECT_EQ(count_of(text, "X-Evil:"), count_of(text, "name=\"a_  X-Evil: 1"))
        << "only within the quotes of a file's name";
    EXPECT_EQ(count_of(head, "\r\nTo:"), 1U);
    EXPECT_EQ(count_of(head, "\r\nSubject:"), 1U);
    EXPECT_FALSE(text.contains("\nBcc:"));
}

TEST(Mail, LinesAreWhatServersTake) {
    Message message = test::huge_message();
    message.attachments = {{std::string(300, 'n') + ".csv", "text/csv", std::string(5000, '\n') + ".\n.\n"}};
    for (const std::string& line : lines(mail(message, Copy::first, envelope()))) {
        EXPECT_LE(line.size(), 998U);
        EXPECT_NE(line, ".");
        EXPECT_EQ(line.find_first_of("\r\n"), std::string::npos) << line;
        for (const char c : line) EXPECT_LT(static_cast<unsigned char>(c), 0x80) << line;
    }
}

TEST(Mail, MailsOfOneIncidentAreOneThreadAndTriesAreOneMail) {
    const auto line_of = [](const std::string& mail, std::string_view name) {
        for (const std::string& line : lines(mail))
            if (line.starts_with(name)) return line;
        return std::string("none");
    };
    Envelope other = envelope();
    other.delivery_id = "dlv_2";
    const std::string first = mail(test::budget_message(), Copy::first, envelope()),
                      again = mail(test::budget_message(), Copy::perhaps_second, envelope()),
                      next = mail(test::budget_message(), Copy::first, other);
    EXPECT_EQ(line_of(first, "Message-ID:"), line_of(again, "Message-ID:"));
    EXPECT_NE(line_of(first, "Message-ID:"), line_of(next, "Message-ID:"));
    EXPECT_EQ(line_of(first, "References:"), line_of(next, "References:"));
    EXPECT_EQ(line_of(first, "Date:"), "Date: Sun, 29 Nov 2026 21:50:00 +0000");
}

TEST(MailHeader, OfPlainWordsIsFoldedBetweenThem) {
    std::string text;
    for (int i = 0; i < 30; ++i) text += "some word ";
    std::string unfolded;
    for (const std::string& line : lines("Subject: " + header_text(text) + "\r\n")) {
        EXPECT_LE(line.size(), 78U);
        unfolded += line;
    }
    EXPECT_EQ(unfolded, "Subject: " + text);
    EXPECT_TRUE(header_text(std::string(200, 'x')).starts_with("=?UTF-8?B?")) << "one word that is longer than a line";
}

TEST(MailHeader, IsEncodedInWordsOf75CharactersAtMost) {
    EXPECT_EQ(header_text("Budget at 81 %"), "Budget at 81 %");
    EXPECT_EQ(header_text("research: 1,000.00 <USD>"), "research: 1,000.00 <USD>");
    EXPECT_EQ(header_phrase("research: 1,000.00"), "=?UTF-8?B?cmVzZWFyY2g6IDEsMDAwLjAw?=");
    EXPECT_EQ(header_phrase("Bursar of Example"), "Bursar of Example");
    EXPECT_EQ(header_text("é"), "=?UTF-8?B?w6k=?=");
    EXPECT_NE(header_text("=?UTF-8?B?w6k=?="), "=?UTF-8?B?w6k=?=") << "what looks encoded is not taken for it";
    std::string text;
    for (int i = 0; i < 200; ++i) text += "🔥é";
    std::string decoded;
    for (const std::string& line : lines(header_text(text) + "\r\n")) {
        const std::string word = line.starts_with(' ') ? line.substr(1) : line;
        EXPECT_LE(word.size(), 75U);
        ASSERT_TRUE(word.starts_with("=?UTF-8?B?") && word.ends_with("?="));
        const auto bytes = from_base64(word.substr(10, word.size() - 12));
        ASSERT_TRUE(bytes);
        EXPECT_NE(static_cast<unsigned char>(bytes->front()) & 0xc0U, 0x80U) << "a letter was cut in two";
        decoded += *bytes;
    }
    EXPECT_EQ(decoded, text);
}

TEST(MailAddress, IsReadOrRefused) {
    const auto named = Mailbox::read("\"Bursar, Example\" <bursar@example.com>");
    ASSERT_TRUE(named);
    EXPECT_EQ(named->name, "Bursar, Example");
    EXPECT_EQ(named->address, "bursar@example.com");
    EXPECT_EQ(named->domain(), "example.com");
    for (const char* wrong :
         {"", "a", "@b", "a@", "a@b@c", "a b@c.de", "a@c.de>", "<a@c.de", "a@c.de\r\nRCPT TO:<x@y.de>", "a@b .de",
          "ä@b.de", "a@-b.de", "a@b.de.", "a,b@c.de", "\"a b\"@c.de"})
        EXPECT_FALSE(Mailbox::read(wrong)) << wrong;
    EXPECT_FALSE(Mailbox::read(std::string(65, 'a') + "@b.de"));
}

TEST(MailAddress, SeveralStandBetweenCommas) {
    const auto two = read_mailboxes("a@b.de, C <c@d.de>,");
    ASSERT_TRUE(two);
    EXPECT_EQ(two->size(), 2U);
    EXPECT_FALSE(read_mailboxes(" , "));
    std::string many;
    for (std::size_t i = 0; i <= recipients_max; ++i) many += "a@b.de,";
    EXPECT_FALSE(read_mailboxes(many));
}

TEST(MailAnswers, MeanWhatTheServerMeans) {
    EXPECT_EQ(judge({.status = 250}, false).outcome, Outcome::sent);
    EXPECT_EQ(judge({.status = 451, .trouble = "network: x"}, false).outcome, Outcome::later);
    EXPECT_EQ(judge({.status = 550, .trouble = "network: x"}, false).outcome, Outcome::refused);
    EXPECT_EQ(judge({.status = 535, .trouble = "network: x"}, true).outcome, Outcome::closed);
    EXPECT_EQ(judge({.status = 454, .trouble = "network: x"}, true).outcome, Outcome::later);
    EXPECT_EQ(judge({.status = 0, .trouble = "connect: x"}, false).outcome, Outcome::later);
    EXPECT_EQ(judge({.status = 354, .trouble = "network: x", .perhaps_arrived = true}, false).outcome, Outcome::later);
    EXPECT_TRUE(judge({.status = 354, .trouble = "network: x", .perhaps_arrived = true}, false).perhaps_sent);
}

}  // namespace
}  // namespace bursar::integrations::mail
