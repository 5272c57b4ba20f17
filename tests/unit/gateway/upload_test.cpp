// Hunts: a field of an upload's form that goes to the provider unread, a file that would be gone before its batch has
// ended, and a refusal of a plain upload; an answer to the making of a batch that is believed to have made none, though
// it may have.
#include "service/gateway/batch_file.h"
#include "service/gateway/errand.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::gateway {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

/// Nothing if it is taken, else what the caller hears.
std::string said_of(const Fields& fields) {
    std::string body;
    for (const auto& [name, value] : fields)
        body += "--x\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
    body += "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\r\n{}\r\n--x--\r\n";
    const auto upload = read_upload("multipart/form-data; boundary=x", body);
    return upload ? std::string() : upload.error().for_caller;
}

TEST(Upload, TakesWhatItUnderstandsAndNothingElse) {
    const std::pair<std::string, std::string> purpose = {"purpose", "batch"};
    const std::pair<std::string, std::string> anchor = {"expires_after[anchor]", "created_at"};
    EXPECT_EQ(said_of({purpose}), "");
    EXPECT_EQ(said_of({purpose, anchor, {"expires_after[seconds]", "259200"}}), "");
    struct Case {
        Fields fields;
        std::string says;
    };
    const std::vector<Case> cases = {
        {{}, "purpose"},
        {{{"purpose", "vision"}}, "purpose"},
        {{purpose, purpose}, "`purpose` stands twice"},
        {{purpose, {"Purpose", "vision"}}, "`Purpose`"},
        {{purpose, {"custom_llm_provider", "azure"}}, "`custom_llm_provider`"},
        {{purpose, {"expires_after", "3600"}}, "`expires_after`"},
        {{purpose, anchor, {"expires_after[seconds]", "3600"}}, "`expires_after.seconds`"},
        {{purpose, anchor, {"expires_after[seconds]", "259200.5"}}, "whole number"},
        {{purpose, anchor}, "whole number"},
        {{purpose, {"expires_after[seconds]", "259200"}}, "`expires_after.anchor`"},
    };
    for (const Case& each : cases) {
        const std::string said = said_of(each.fields);
        EXPECT_TRUE(!said.empty() && said.contains(each.says)) << each.says << ": " << said;
    }
}

TEST(Errand, OnlyARefusalOfTheRequestHasMadeNoBatch) {
    for (const int status : {400, 401, 403, 404, 409, 413, 422, 429})
        EXPECT_FALSE(may_have_made(Endpoint::batch_create, status)) << status;
    for (const int status : {302, 408, 500, 501, 502, 503, 504, 520, 529})
        EXPECT_TRUE(may_have_made(Endpoint::batch_create, status)) << status;
    EXPECT_FALSE(may_have_made(Endpoint::file_upload, 500)) << "nothing is paid for it";
}

}  // namespace
}  // namespace bursar::gateway
