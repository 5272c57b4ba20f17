// Hunts: a client that is told what is not so, and a path that answers otherwise than it should.
#include "tests/unit/scim/house.h"

#include <gtest/gtest.h>

namespace bursar::scim::testing {
namespace {

TEST(ScimDiscovery, says_what_there_is) {
    House house;
    const Answer configuration = house.ask("GET", "/ServiceProviderConfig");
    EXPECT_EQ(configuration.status, 200);
    for (const char* part :
         {R"("patch":{"supported":true})", R"("bulk":{"supported":false,"maxOperations":0,"maxPayloadSize":0})",
          R"("filter":{"supported":true,"maxResults":200})", R"("changePassword":{"supported":false})",
          R"("etag":{"supported":true})", R"("type":"oauthbearertoken")"})
        EXPECT_TRUE(configuration.body.contains(part)) << part << configuration.body;
    const Answer types = house.ask("GET", "/ResourceTypes");
    EXPECT_TRUE(types.body.contains(R"("totalResults":2)") && types.body.contains(R"("endpoint":"/Users")"))
        << types.body;
    EXPECT_TRUE(house.ask("GET", "/ResourceTypes/Group").body.contains(R"("endpoint":"/Groups")"));
    const std::string user = "urn:ietf:params:scim:schemas:core:2.0:User";
    const Answer schema = house.ask("GET", "/Schemas/" + user);
    EXPECT_EQ(House::id_in(schema), user);
    EXPECT_TRUE(schema.body.contains(
        R"("name":"userName","type":"string","multiValued":false,"required":true,"caseExact":false,"mutability":"readWrite","returned":"default","uniqueness":"server")"))
        << schema.body;
    EXPECT_TRUE(house.ask("GET", "/Schemas").body.contains(R"("referenceTypes":["User"])"));
    for (const char* path : {"/ServiceProviderConfig", "/ResourceTypes", "/Schemas"})
        EXPECT_TRUE(read_json(house.ask("GET", path).body)) << path;
}

TEST(ScimDiscovery, of_other_paths_and_methods_nothing_comes) {
    House house;
    EXPECT_EQ(house.ask("GET", "/").status, 404);
    EXPECT_EQ(house.ask("GET", "").status, 404);
    EXPECT_EQ(house.ask("GET", "/Schemas/urn:x").status, 404);
    EXPECT_EQ(house.ask("GET", "/users").status, 404);
    EXPECT_EQ(house.ask("POST", "/Schemas").status, 405);
    EXPECT_EQ(house.ask("POST", "/Bulk").status, 501);
    EXPECT_EQ(house.ask("GET", "/Me").status, 501);
    EXPECT_EQ(house.ask("DELETE", "/Users").status, 405);
    EXPECT_EQ(house.ask("PATCH", "/Groups").status, 405);
    EXPECT_EQ(house.ask("GET", "/Users/").status, 200);
    EXPECT_EQ(house.ask("GET", "/Users/a/b").status, 404);
}

}  // namespace
}  // namespace bursar::scim::testing
