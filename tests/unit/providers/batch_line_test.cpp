// Hunts: a line of a batch that is read as another call than the one that the provider would make, and a request for a
// batch of which two readers see two files.
#include "service/providers/batch_line.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::providers {
namespace {

constexpr std::string_view good =
    R"({ "custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {"model":"m","messages":[],"max_tokens":5} })";

TEST(BatchLine, IsTheCallThatStandsInIt) {
    const auto line = read_batch_line(good);
    ASSERT_TRUE(line) << line.error().for_caller;
    EXPECT_EQ(line->custom_id, "a");
    EXPECT_EQ(line->endpoint, Endpoint::chat_completions);
    EXPECT_EQ(good.substr(line->body.begin, line->body.end - line->body.begin),
              R"({"model":"m","messages":[],"max_tokens":5})");
    EXPECT_EQ(line->prompt.model, "m");
    EXPECT_EQ(line->prompt.max_tokens, 5);
    const auto escaped = read_batch_line(
        R"({"body":{"model":"m","input":"}"},"url":"/v1/embeddings","method":"POST","custom_id":"\u0061\"b"})");
    ASSERT_TRUE(escaped) << escaped.error().for_caller;
    EXPECT_EQ(escaped->custom_id, "a\"b") << "in whatever order, and without its escapes";
    EXPECT_EQ(escaped->endpoint, Endpoint::embeddings);
}

struct Wrong {
    std::string_view name;
    std::string_view line;
    std::string_view says;
};
const std::vector<Wrong> wrongs = {
    {"nothing", "", "not valid JSON"},
    {"a list", "[]", "must be a JSON object"},
    {"no custom_id", R"({"method":"POST","url":"/v1/embeddings","body":{"model":"m","input":"x"}})", "`custom_id`"},
    {"an empty custom_id", R"({"custom_id":"","method":"POST","url":"/v1/embeddings","body":{"model":"m"}})",
     "`custom_id`"},
    {"a number as custom_id", R"({"custom_id":1,"method":"POST","url":"/v1/embeddings","body":{"model":"m"}})",
     "`custom_id`"},
    {"another method", R"({"custom_id":"a","method":"GET","url":"/v1/embeddings","body":{"model":"m"}})", "`method`"},
    {"another url", R"({"custom_id":"a","method":"POST","url":"/v1/images/generations","body":{"model":"m"}})",
     "one by one"},
    {"a url that only begins so", R"({"custom_id":"a","method":"POST","url":"/v1/embeddings/","body":{"model":"m"}})",
     "one by one"},
    {"no body", R"({"custom_id":"a","method":"POST","url":"/v1/embeddings"})", "`body` is missing"},
    {"a text as body", R"({"custom_id":"a","method":"POST","url":"/v1/embeddings","body":"{}"})", "`body`"},
    {"a body without a model", R"({"custom_id":"a","method":"POST","url":"/v1/embeddings","body":{"input":"x"}})",
     "model"},
    {"two bodies",
     R"({"custom_id":"a","method":"POST","url":"/v1/embeddings","body":{"model":"m","input":"x"},"body":{"model":"n","input":"x"}})",
     "twice"},
    {"a field that some would read as another",
     R"({"custom_id":"a","method":"POST","url":"/v1/embeddings","body":{"model":"m","input":"x"},"Body":{"model":"n"}})",
     "nothing else"},
    {"two models",
     R"({"custom_id":"a","method":"POST","url":"/v1/embeddings","body":{"model":"m","model":"n","input":"x"}})",
     "twice"},
    {"two objects", R"({"custom_id":"a","method":"POST","url":"/v1/embeddings","body":{"model":"m","input":"x"}}{})",
     "follows"},
    {"a body that is cut", R"({"custom_id":"a","method":"POST","url":"/v1/embeddings","body":{"model":"m")", ""},
};

TEST(BatchLine, WhatIsNotUnderstoodIsRefused) {
    for (const Wrong& wrong : wrongs) {
        const auto line = read_batch_line(wrong.line);
        ASSERT_FALSE(line) << wrong.name;
        EXPECT_EQ(line.error().fault, Fault::invalid_request) << wrong.name;
        EXPECT_TRUE(line.error().for_caller.contains(wrong.says)) << wrong.name << ": " << line.error().for_caller;
    }
}

TEST(BatchAsk, NamesOneFile) {
    const auto ask = read_batch_ask(
        R"({"input_file_id":"file-1","endpoint":"/v1/responses","completion_window":"24h","metadata":{"endpoint":"x"}})");
    ASSERT_TRUE(ask) << ask.error().for_caller;
    EXPECT_EQ(ask->input_file, "file-1");
    EXPECT_EQ(ask->endpoint, Endpoint::responses);
    for (const std::string_view wrong :
         {R"({"input_file_id":"a","input_file_id":"b","endpoint":"/v1/responses","completion_window":"24h"})",
          R"({"input_file_id":"a","Input_File_Id":"b","endpoint":"/v1/responses","completion_window":"24h"})",
          R"({"input_file_id":["a"],"endpoint":"/v1/responses","completion_window":"24h"})",
          R"({"input_file_id":"a","endpoint":"/v1/responses","completion_window":"1h"})",
          R"({"input_file_id":"a","endpoint":"/v1/files","completion_window":"24h"})",
          R"({"endpoint":"/v1/responses","completion_window":"24h"})", R"([])", ""})
        EXPECT_FALSE(read_batch_ask(wrong)) << wrong;
}

TEST(BatchAsk, WhatIsNotUnderstoodIsNotSent) {
    struct Field {
        std::string more, says;  ///< says nothing: it is taken
    };
    const std::vector<Field> fields = {
        {R"("metadata":{"a":"b"})", ""},
        {R"("metadata":null)", ""},
        {R"("output_expires_after":{"anchor":"created_at","seconds":259200})", ""},
        {R"("metadata":"a")", "`metadata`"},
        {R"("metadata":{},"metadata":{})", "`metadata` stands twice"},
        {R"("priority":"high")", "`priority`"},
        {R"("Endpoint":"/v1/embeddings")", "`Endpoint`"},
        {R"("output_expires_after":{"anchor":"created_at","seconds":3600})", "`output_expires_after.seconds`"},
        {R"("output_expires_after":{"anchor":"created_at","seconds":259199})", "259200"},
        {R"("output_expires_after":{"anchor":"created_at","seconds":259200,"seconds":1})", "`output_expires_after`"},
        {R"("output_expires_after":{"anchor":"created_at","seconds":259200,"more":1})", "`output_expires_after`"},
        {R"("output_expires_after":{"anchor":"made","seconds":259200})", "`output_expires_after.anchor`"},
        {R"("output_expires_after":{"seconds":259200})", "`output_expires_after.anchor`"},
        {R"("output_expires_after":3600)", "`output_expires_after`"},
        {R"("output_expires_after":null)", "`output_expires_after`"},
    };
    for (const Field& field : fields) {
        const auto ask = read_batch_ask(
            R"({"input_file_id":"a","endpoint":"/v1/responses","completion_window":"24h",)" + field.more + "}");
        EXPECT_EQ(ask.has_value(), field.says.empty()) << field.more;
        if (ask) continue;
        EXPECT_TRUE(ask.error().for_caller.contains(field.says)) << field.more << ": " << ask.error().for_caller;
    }
}

}  // namespace
}  // namespace bursar::providers
