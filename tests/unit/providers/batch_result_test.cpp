// Hunts: an id that would be another path at the provider, a batch that is taken for ended before it is, and a result
// that is counted for the wrong call.
#include "service/providers/batch_result.h"

#include <gtest/gtest.h>

namespace bursar::providers {
namespace {

TEST(StoredObject, TellsWhatABatchCameTo) {
    const auto told = read_stored(
        R"({"id":"batch_1","status":"completed","output_file_id":"file-o","error_file_id":null,"request_counts":{"total":3,"completed":2,"failed":1}})");
    ASSERT_TRUE(told);
    EXPECT_EQ(told->id, "batch_1");
    EXPECT_EQ(told->output_file, "file-o");
    EXPECT_EQ(told->error_file, "");
    EXPECT_EQ(told->completed, 2);
    EXPECT_TRUE(has_ended(told->status));
    EXPECT_EQ(read_stored(R"({"id":"f"})")->completed, std::nullopt);
}

TEST(StoredObject, IsNoneWithoutAnIdThatFitsAPath) {
    for (const std::string_view wrong :
         {"", "[]", "{}", R"({"id":""})", R"({"id":"../x"})", R"({"id":"a?b"})", R"({"id":7})", R"({"id":"a")"})
        EXPECT_FALSE(read_stored(wrong)) << wrong;
    EXPECT_EQ(read_stored(R"({"id":"b","output_file_id":"../../secrets"})")->output_file, "");
    EXPECT_FALSE(is_shelf_id(std::string(257, 'a')));
}

TEST(StoredObject, EndsInFourWays) {
    for (const char* status :
         {"completed", "failed", "expired", "cancelled", "Completed", "EXPIRED", "canceled", "Canceled"})
        EXPECT_TRUE(has_ended(status)) << status;
    for (const char* status : {"", "validating", "in_progress", "finalizing", "cancelling", "complete"})
        EXPECT_FALSE(has_ended(status)) << status;
    EXPECT_EQ(read_stored(R"({"id":"b","status":"Canceled"})")->status, "cancelled");
    EXPECT_EQ(read_stored(R"({"id":"b","status":"COMPLETED"})")->status, "completed");
}

TEST(BatchResult, IsOfOneCall) {
    const std::string_view line =
        R"({"id":"r","response":{"request_id":"q","body":{"a":"}"},"status_code":200},"custom_id":"x","error":null})";
    const auto result = read_batch_result(line);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->custom_id, "x");
    EXPECT_EQ(result->status, 200);
    EXPECT_EQ(result->body, R"({"a":"}"})");
    EXPECT_GE(result->body.data(), line.data()) << "a view into the line, which outlives the reader";
    const auto failed = read_batch_result(R"({"custom_id":"x","response":null,"error":{"code":"batch_expired"}})");
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->status, 0);
    EXPECT_FALSE(read_batch_result(R"({"response":{"status_code":200}})"));
    EXPECT_FALSE(read_batch_result("not JSON"));
}

}  // namespace
}  // namespace bursar::providers
