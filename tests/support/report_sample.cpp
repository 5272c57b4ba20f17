// Writes the report of the tests' made-up company down in every form: report_sample FOLDER [en|de|fr]. For eyes, and
// for the pictures of the documentation.
#include "tests/unit/integrations/report_sample.h"

#include "integrations/drawing/drawing.h"
#include "integrations/report/writers.h"

#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>

int main(int count, char** arguments) {
    using namespace bursar;
    if (count < 2) return 2;
    const std::string_view wanted = count > 2 ? arguments[2] : "en";
    auto language = integrations::report::Language::en;
    if (wanted == "de") language = integrations::report::Language::de;
    if (wanted == "fr") language = integrations::report::Language::fr;
    const auto report = integrations::test::company_report(language);
    auto message = integrations::report::summary_of(report, "pdf,csv,html,png,json");
    if (const auto done = drawing::write_down(message, drawing::Reader::mail); !done) {
        static_cast<void>(std::fputs(done.error().for_caller.c_str(), stderr));
        return 1;
    }
    for (const auto& each : message.attachments)
        std::ofstream(std::string(arguments[1]) + "/" + each.name, std::ios::binary) << each.bytes;
    return 0;
}
