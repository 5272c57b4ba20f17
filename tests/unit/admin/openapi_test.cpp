// Hunts: a route that is not described, a description without a route, roles that disagree, dangling references.
#include "service/admin/openapi.h"

#include "auth/operators.h"

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>
#include <simdjson.h>

namespace bursar::admin {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

class OpenApi : public testing::Test {
  protected:
    void SetUp() override { ASSERT_EQ(parser_.parse(text_).get(root_), simdjson::SUCCESS); }

    const std::string text_ = openapi_document();
    simdjson::dom::parser parser_;
    element root_;
};

TEST_F(OpenApi, has_every_route_of_the_role_table_and_no_other) {
    std::set<std::string> described, real;
    for (const auto& [path, methods] : root_["paths"].get_object())
        for (const auto& [method, operation] : methods.get_object()) {
            std::string upper(method);
            for (char& c : upper) c = static_cast<char>(c - 'a' + 'A');
            described.insert(upper + " " + std::string(path));
        }
    for (const auth::Permission& each : auth::role_table())
        real.insert(std::string(each.method) + " " + std::string(each.route));
    EXPECT_EQ(described, real);
}

TEST_F(OpenApi, says_the_action_and_the_roles_of_the_table) {
    for (const auth::Permission& each : auth::role_table()) {
        std::string method(each.method);
        for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
        element operation;
        ASSERT_EQ(root_["paths"][each.route][method].get(operation), simdjson::SUCCESS) << each.route;
        EXPECT_EQ(std::string_view(operation["x-bursar-action"]), each.action) << each.route;
        element roles;
        if (operation["x-bursar-roles"].get(roles) != simdjson::SUCCESS) continue;  // open to anybody
        std::set<std::string_view> said, meant;
        for (const element role : roles.get_array()) said.insert(std::string_view(role));
        for (const auth::Role role : auth::all_roles())
            if (auth::may(role, each)) meant.insert(auth::name_of(role));
        EXPECT_EQ(said, meant) << each.method << " " << each.route;
    }
}

void find_references(const element& in, std::set<std::string>& found) {
    if (in.is_object()) {
        for (const auto& [name, content] : in.get_object()) {
            if (name == "$ref")
                found.emplace(std::string_view(content));
            else
                find_references(content, found);
        }
    } else if (in.is_array()) {
        for (const element each : in.get_array()) find_references(each, found);
    }
}

TEST_F(OpenApi, refers_to_what_is_there_and_keeps_nothing_unused) {
    std::set<std::string> used, there;
    find_references(root_, used);
    for (const char* kind : {"schemas", "responses"})
        for (const auto& [name, content] : root_["components"][kind].get_object())
            there.insert(std::string("#/components/") + kind + "/" + std::string(name));
    EXPECT_EQ(used, there);
}

TEST_F(OpenApi, is_what_the_reference_documents_keep) {
    const std::string file = BURSAR_SOURCE_DIR "/docs/reference/openapi.json";
    if (std::getenv("BURSAR_UPDATE_GOLDEN") != nullptr) std::ofstream(file) << text_;
    std::ifstream in(file);
    std::stringstream kept;
    kept << in.rdbuf();
    EXPECT_TRUE(kept.str() == text_) << file << " is old; run this test with BURSAR_UPDATE_GOLDEN=1";
}

}  // namespace
}  // namespace bursar::admin
