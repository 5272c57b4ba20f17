// Hunts: bodies and queries that are taken although they are wrong, or refused without saying what to change.
#include "service/admin/body.h"

#include <gtest/gtest.h>

namespace bursar::admin {
namespace {

std::string many(std::string_view piece, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += piece;
    return text;
}

struct WrongJson {
    const char* name;
    std::string json;
    const char* says;
};

TEST(Body, refuses_what_is_not_one_strict_json_object) {
    const WrongJson cases[] = {
        {"nothing", "", "empty"},
        {"not JSON", "name=x", "not JSON"},
        {"a list", "[1]", "must be a JSON object"},
        {"a text", "\"x\"", "must be a JSON object"},
        {"cut off", R"({"name":"x")", "not JSON"},
        {"something behind it", R"({"name":"x"}{})", "not JSON"},
        {"a trailing comma", R"({"name":"x",})", "not JSON"},
        {"a comment", R"({/*x*/"name":"x"})", "not JSON"},
        {"the same name twice", R"({"name":"x","name":"y"})", "\"name\" is given twice"},
        {"the same name twice, once escaped", R"({"name":"x","n\u0061me":"y"})", "\"name\" is given twice"},
        {"the same name twice, deep inside", R"({"a":[{"b":1,"b":2}]})", "\"b\" is given twice"},
        {"bytes that are not UTF-8", "{\"name\":\"\xff\"}", "not JSON"},
        {"half of a surrogate pair", R"({"name":"\ud800"})", "not JSON"},
        {"a raw line end in a text", "{\"name\":\"a\nb\"}", "not JSON"},
        {"a NUL", std::string("{\"name\":\"a\0b\"}", 14), "not JSON"},
        {"nested too deep", many(R"({"a":)", 40) + "1" + many("}", 40), "nested more than"},
        {"too many values", "{\"a\":[" + many("1,", 100'001) + "1]}", "JSON values"},
        {"not a number", R"({"a":NaN})", "not JSON"},
    };
    for (const WrongJson& each : cases) {
        const auto body = Body::parse(each.json);
        ASSERT_FALSE(body.has_value()) << each.name;
        EXPECT_NE(body.error().for_caller.find(each.says), std::string::npos)
            << each.name << ": " << body.error().for_caller;
    }
}

TEST(Body, refuses_more_bytes_than_its_limit) {
    const auto body = Body::parse("{\"a\":\"" + std::string(body_bytes_max, 'x') + "\"}");
    ASSERT_FALSE(body.has_value());
    EXPECT_EQ(body.error().fault, Fault::too_large);
}

TEST(Body, gives_fields_of_their_type_and_says_which_one_is_wrong) {
    const auto body =
        Body::parse(R"({"text":"ä","empty":"","control":"a\u001bb","number":7,"big":18446744073709551615,"half":0.5,
                                      "yes":true,"nothing":null,"list":["a","b"],"mixed":["a",1],"objects":[{"x":1},{"y":2}]})");
    ASSERT_TRUE(body.has_value()) << body.error().for_caller;
    const Fields fields = body->fields();
    EXPECT_EQ(fields.text("text", 10).value(), "ä");
    EXPECT_EQ(fields.integer("number", 0, 10).value(), 7);
    EXPECT_EQ(fields.truth_or("yes", false).value(), true);
    EXPECT_EQ(fields.truth_or("absent", true).value(), true);
    EXPECT_FALSE(fields.has("nothing"));
    EXPECT_EQ(fields.texts("list", 2, 1).value(), (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(fields.texts("absent", 2, 1).value().empty());
    EXPECT_EQ(fields.objects("objects", 2).value().size(), 2U);
    EXPECT_EQ(fields.objects("objects", 2).value()[1].only({"x"}).error().for_caller,
              "Unknown fields: objects[1].y. Known here: x.");

    EXPECT_EQ(fields.text("absent", 10).error().for_caller, "\"absent\" is missing.");
    EXPECT_EQ(fields.text("nothing", 10).error().for_caller, "\"nothing\" is missing.");
    EXPECT_EQ(fields.text("number", 10).error().for_caller, "\"number\" must be a text.");
    EXPECT_EQ(fields.text("text", 1).error().for_caller, "\"text\" must be at most 1 bytes long.");
    EXPECT_FALSE(fields.label("empty", 10).has_value());
    EXPECT_FALSE(fields.label("control", 10).has_value());
    for (const char* name : {"text", "half", "big", "yes", "list"})
        EXPECT_EQ(fields.integer(name, 0, 10).error().for_caller,
                  std::string("\"") + name + "\" must be a whole number from 0 to 10.");
    EXPECT_FALSE(fields.integer("number", 8, 10).has_value());
    EXPECT_FALSE(fields.truth_or("number", false).has_value());
    EXPECT_FALSE(fields.texts("mixed", 5, 5).has_value());
    EXPECT_FALSE(fields.texts("list", 1, 5).has_value());
    EXPECT_FALSE(fields.texts("text", 5, 5).has_value());
    EXPECT_FALSE(fields.objects("list", 5).has_value());
    EXPECT_FALSE(fields.object("list").has_value());
    EXPECT_FALSE(fields.instant("text").has_value());
}

struct WrongQuery {
    const char* name;
    const char* query;
    const char* says;
};

TEST(Query, refuses_what_nobody_asked_for) {
    const WrongQuery cases[] = {
        {"an unknown parameter", "limits=1", "no parameter \"limits\""},
        {"the same twice", "limit=1&limit=2", "twice"},
        {"a cut escape", "limit=%1", "two hexadecimal digits"},
        {"an escape that is none", "limit=%zz", "two hexadecimal digits"},
        {"a hidden line end", "limit=1%0d%0ax", "control character"},
        {"a hidden NUL", "limit=1%00", "control character"},
    };
    for (const WrongQuery& each : cases) {
        const auto query = Query::parse(each.query, {"limit", "before"});
        ASSERT_FALSE(query.has_value()) << each.name;
        EXPECT_NE(query.error().for_caller.find(each.says), std::string::npos)
            << each.name << ": " << query.error().for_caller;
    }
    for (const char* number : {"limit=0", "limit=1001", "limit=-1", "limit=1e3", "limit=+5", "limit= 5", "limit=5x",
                               "limit=99999999999999999999"}) {
        const auto query = Query::parse(number, {"limit"});
        ASSERT_TRUE(query.has_value()) << number;
        EXPECT_FALSE(query->integer("limit", 100, 1, 1000).has_value()) << number;
    }
}

TEST(Query, decodes_once) {
    const auto query = Query::parse("a=x%2By+z&b=%2525&&c", {"a", "b", "c"});
    ASSERT_TRUE(query.has_value()) << query.error().for_caller;
    EXPECT_EQ(query->text("a"), "x+y z");
    EXPECT_EQ(query->text("b"), "%25");
    EXPECT_EQ(query->text("c"), "");
    EXPECT_EQ(query->integer("absent", 100, 1, 1000).value(), 100);
}

}  // namespace
}  // namespace bursar::admin
