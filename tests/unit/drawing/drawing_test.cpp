// Hunts: a PDF or picture that is broken, empty, too slow, different each time or full of boxes in place of letters; a
// message whose report cannot be written down and goes out all the same.
#include "integrations/drawing/drawing.h"

#include "integrations/json.h"
#include "integrations/mail/mail.h"
#include "integrations/report/report_json.h"
#include "integrations/report/writers.h"
#include "tests/unit/integrations/report_sample.h"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::drawing {
namespace {

namespace samples = integrations::test;
using integrations::report::Report;

/// What a program of poppler-utils says about a PDF.
class Poppler {
  public:
    explicit Poppler(const std::string& bytes)
        : path_(std::filesystem::temp_directory_path() / ("bursar_drawing_" + std::to_string(::getpid()) + ".pdf")) {
        std::ofstream(path_, std::ios::binary) << bytes;
    }
    ~Poppler() { std::filesystem::remove(path_); }
    std::string text() const { return run({"pdftotext", "-layout", path_.c_str(), "-", nullptr}); }
    std::string facts() const { return run({"pdfinfo", path_.c_str(), nullptr}); }
    std::string fonts() const { return run({"pdffonts", path_.c_str(), nullptr}); }
    int pages() const {
        const std::string all = facts();
        const std::size_t at = all.find("Pages:");
        return at == std::string::npos ? 0 : std::atoi(all.c_str() + at + 6);
    }

  private:
    static std::string run(std::vector<const char*> words) {
        std::array<int, 2> pipe{};
        if (::pipe(pipe.data()) != 0) return {};
        const pid_t child = ::fork();
        if (child == 0) {
            ::dup2(pipe[1], STDOUT_FILENO);
            ::dup2(pipe[1], STDERR_FILENO);
            ::close(pipe[0]);
            ::execvp(words[0], const_cast<char* const*>(words.data()));
            ::_exit(127);
        }
        ::close(pipe[1]);
        std::string out;
        std::array<char, 4096> part{};
        for (ssize_t got = 0; (got = ::read(pipe[0], part.data(), part.size())) > 0;)
            out.append(part.data(), static_cast<std::size_t>(got));
        ::close(pipe[0]);
        int status = 0;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0) << words[0] << ": " << out << " (installer/dependencies test)";
        return out;
    }
    std::filesystem::path path_;
};

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool is_sanitised = true;
#else
constexpr bool is_sanitised = false;
#endif

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
    std::uint32_t out = 0;
    for (std::size_t i = 0; i < 4; ++i) out = out << 8 | static_cast<unsigned char>(bytes.at(at + i));
    return out;
}

TEST(Pdf, SaysWhatTheReportSays) {
    const auto pdf = pdf_of(samples::company_report(integrations::report::Language::de));
    ASSERT_TRUE(pdf) << pdf.error().operator_text();
    const Poppler poppler(*pdf);
    const std::string text = poppler.text();
    for (const char* word : {"Nutzungsbericht Nordlicht Systems", "November 2026, bisher", "Größte Veränderungen",
                             "search-ranking", "claude-sonnet", "Kostenstellen", "Seite 1 von ", "Summe", "€"})
        EXPECT_TRUE(text.contains(word)) << word;
    EXPECT_TRUE(poppler.facts().contains("Nordlicht Systems")) << poppler.facts();
    EXPECT_TRUE(poppler.facts().contains("A4"));
    EXPECT_GE(poppler.pages(), 3);
}

TEST(Pdf, CarriesItsFonts) {
    const auto pdf = pdf_of(samples::company_report());
    ASSERT_TRUE(pdf);
    const std::string fonts = Poppler(*pdf).fonts();
    EXPECT_TRUE(fonts.contains("DejaVuSans")) << fonts;
    EXPECT_TRUE(fonts.contains("DejaVuSans-Bold")) << fonts;
    EXPECT_FALSE(fonts.contains(" no  yes")) << fonts;
}

TEST(Pdf, RepeatsTheHeadOfATableOnEachPage) {
    Report report = samples::longest_report();
    report.models = report.people = report.cost_centres = {};
    report.budgets.clear();
    const auto pdf = pdf_of(report);
    ASSERT_TRUE(pdf);
    const Poppler poppler(*pdf);
    const std::string text = poppler.text();
    int heads = 0;
    for (std::size_t at = 0; (at = text.find("Department", at)) != std::string::npos; ++at) ++heads;
    EXPECT_GE(heads, 4);
    EXPECT_TRUE(text.contains("Page " + std::to_string(poppler.pages()) + " of " + std::to_string(poppler.pages())));
}

TEST(Pdf, OfNothingIsOnePage) {
    const auto pdf = pdf_of(samples::empty_report());
    ASSERT_TRUE(pdf);
    const Poppler poppler(*pdf);
    EXPECT_EQ(poppler.pages(), 1);
    EXPECT_TRUE(poppler.text().contains("Nothing was used in this period."));
}

TEST(Pdf, OfAnyNamesAndAmountsIsWhole) {
    const auto pdf = pdf_of(samples::hostile_report());
    ASSERT_TRUE(pdf) << pdf.error().operator_text();
    EXPECT_TRUE(Poppler(*pdf).text().contains("<script>alert(1)</script>"));
}

TEST(Pdf, OfTheSameReportIsTheSameFile) {
    EXPECT_EQ(pdf_of(samples::company_report()).value(), pdf_of(samples::company_report()).value());
    EXPECT_EQ(png_of(samples::company_report()).value(), png_of(samples::company_report()).value());
}

TEST(Pdf, OfTheLongestReportTakesLessThanASecond) {
    const Report report = samples::longest_report();
    ASSERT_TRUE(pdf_of(samples::empty_report())) << "fonts are loaded once";
    // Of the processor: other tests share the machine.
    const std::clock_t begin = std::clock();
    const auto pdf = pdf_of(report);
    const auto milliseconds = static_cast<std::int64_t>(std::clock() - begin) * 1000 / CLOCKS_PER_SEC;
    ASSERT_TRUE(pdf);
    EXPECT_LT(milliseconds, is_sanitised ? 20'000 : 1000);
    RecordProperty("ms", static_cast<int>(milliseconds));
    EXPECT_LT(pdf->size(), 1U << 20);
}

TEST(Png, HasItsSize) {
    for (const Report& report : {samples::company_report(), samples::empty_report(), samples::hostile_report()}) {
        const auto png = png_of(report);
        ASSERT_TRUE(png) << png.error().operator_text();
        EXPECT_TRUE(png->starts_with("\x89PNG\r\n\x1a\n"));
        EXPECT_EQ(number_at(*png, 16), 1600U);
        EXPECT_EQ(number_at(*png, 20), 900U);
        EXPECT_LT(png->size(), 300U * 1024);
    }
}

std::vector<std::string> names_of(const integrations::Message& message) {
    std::vector<std::string> out;
    for (const auto& each : message.attachments) out.push_back(each.name);
    return out;
}

TEST(WriteDown, PutsTheFilesThatAreAskedFor) {
    auto message = summary_of(samples::company_report(), "csv,pdf,nonsense");
    message.attachments.insert(message.attachments.begin(), {.name = "other.txt", .type = "text/plain", .bytes = "x"});
    ASSERT_TRUE(write_down(message));
    EXPECT_EQ(names_of(message),
              (std::vector<std::string>{"other.txt", "usage-finance-2026-11.pdf", "usage-finance-2026-11.csv"}));
    auto all = summary_of(samples::company_report(), "pdf,csv,html,png,json");
    ASSERT_TRUE(write_down(all));
    EXPECT_EQ(all.attachments.size(), 5U);
    integrations::Message none;
    ASSERT_TRUE(write_down(none));
    EXPECT_TRUE(none.attachments.empty());
}

TEST(WriteDown, OfAMailMakesItsBodyAndThePictureInIt) {
    auto message = summary_of(samples::company_report(), "pdf");
    ASSERT_TRUE(write_down(message, Reader::mail));
    const std::string mail = integrations::mail::mail(
        message, integrations::Copy::first,
        {.from = {.name = "", .address = "bursar@example.com"}, .to = {}, .delivery_id = "dlv_1", .now = Timestamp{}});
    EXPECT_TRUE(mail.contains("Content-Type: multipart/related"));
    EXPECT_TRUE(mail.contains("Content-ID: <picture@bursar>"));
    EXPECT_TRUE(mail.contains("filename=\"usage-finance-2026-11.pdf\""));
    EXPECT_FALSE(mail.contains("usage-finance-2026-11.png")) << "it is in the page already";
    EXPECT_FALSE(mail.contains("of=mail"));
}

TEST(WriteDown, AReportThatIsNoneIsRefusedWithItsReason) {
    auto message = summary_of(samples::company_report(), "pdf");
    message.attachments[0].bytes = "{}";
    const auto done = write_down(message);
    ASSERT_FALSE(done);
    EXPECT_TRUE(done.error().for_caller.starts_with("The report could not be written down: "))
        << done.error().for_caller;
    EXPECT_EQ(message.attachments[0].type, integrations::report::report_type) << "what cannot be done is not half done";
}

}  // namespace
}  // namespace bursar::drawing
