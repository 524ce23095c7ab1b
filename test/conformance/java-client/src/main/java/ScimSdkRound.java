// A round with SCIM-SDK (de.captaingoldfish), the library of Java applications and of Keycloak's SCIM plugins. Its builders
// wrap what a PATCH sets in lists of one, or write it as JSON text, and take an answer for a failure whose content type or
// status is not the one they wait for.

import de.captaingoldfish.scim.sdk.client.ScimClientConfig;
import de.captaingoldfish.scim.sdk.client.ScimRequestBuilder;
import de.captaingoldfish.scim.sdk.client.builder.PatchBuilder;
import de.captaingoldfish.scim.sdk.client.response.ServerResponse;
import de.captaingoldfish.scim.sdk.common.constants.enums.Comparator;
import de.captaingoldfish.scim.sdk.common.constants.enums.HttpMethod;
import de.captaingoldfish.scim.sdk.common.constants.enums.PatchOp;
import de.captaingoldfish.scim.sdk.common.constants.enums.SortOrder;
import de.captaingoldfish.scim.sdk.common.etag.ETag;
import de.captaingoldfish.scim.sdk.common.resources.EnterpriseUser;
import de.captaingoldfish.scim.sdk.common.resources.Group;
import de.captaingoldfish.scim.sdk.common.resources.ServiceProvider;
import de.captaingoldfish.scim.sdk.common.resources.User;
import de.captaingoldfish.scim.sdk.common.resources.complex.Name;
import de.captaingoldfish.scim.sdk.common.resources.multicomplex.Address;
import de.captaingoldfish.scim.sdk.common.resources.multicomplex.Email;
import de.captaingoldfish.scim.sdk.common.resources.multicomplex.Member;
import de.captaingoldfish.scim.sdk.common.resources.multicomplex.PhoneNumber;
import de.captaingoldfish.scim.sdk.common.resources.multicomplex.Photo;
import de.captaingoldfish.scim.sdk.common.schemas.Schema;
import java.util.List;
import java.util.Map;

final class ScimSdkRound extends Steps {
  private static final String USERS = "/Users";
  private static final String GROUPS = "/Groups";
  private static final String ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

  private static ScimRequestBuilder scim;
  private static String domain;
  private static String user;
  private static String second;
  private static String group;

  public static void main(String[] arguments) {
    domain = arguments[2];
    var config = ScimClientConfig.builder().httpHeaders(Map.of("Authorization", "Bearer " + arguments[1])).build();
    scim = new ScimRequestBuilder(arguments[0], config);
    discovery();
    users();
    patches();
    lists();
    groups();
    bulk();
    removal();
    end();
  }

  /** What the server answered, where the library takes it for a success. */
  private static <T> T taken(int status, ServerResponse<?> response, T resource) {
    same(status, response.getHttpStatus());
    if (!response.isSuccess()) throw new AssertionError("taken for a failure: " + response.getResponseBody());
    return resource;
  }

  private static void refused(int status, String scimType, ServerResponse<?> response) {
    same(status, response.getHttpStatus());
    same(scimType, response.getErrorResponse().getScimType().orElse(""));
  }

  private static User newUser(String name) {
    String address = name + "@" + domain;
    return User.builder().userName(address).externalId("external-" + name).active(true).displayName(name)
        .name(Name.builder().givenName("Cap").familyName("Tain").build())
        .emails(List.of(Email.builder().value(address).type("work").primary(true).build()))
        .phoneNumbers(List.of(PhoneNumber.builder().value("+49 30 1").type("work").build()))
        .addresses(List.of(Address.builder().country("DE").locality("Berlin").type("work").build()))
        .photos(List.of(Photo.builder().value("https://photos.test/1.png").type("photo").build()))
        .enterpriseUser(EnterpriseUser.builder().department("Deck").employeeNumber("7").build())
        .build();
  }

  private static User read(String id) {
    var response = scim.get(User.class, USERS, id).sendRequest();
    return taken(200, response, response.getResource());
  }

  private static PatchBuilder.PatchOperationBuilder<User> patch(PatchOp op) {
    return scim.patch(User.class, USERS, user).addOperation().op(op);
  }

  private static User changed(PatchBuilder.PatchOperationBuilder<User> operation) {
    var response = operation.build().sendRequest();
    return taken(200, response, response.getResource());
  }

  private static void discovery() {
    step("service provider configuration", () -> {
      var response = scim.get(ServiceProvider.class, "/ServiceProviderConfig", null).sendRequest();
      isTrue("bulk", taken(200, response, response.getResource()).getBulkConfig().isSupported());
    });
    step("schemas, each of which it can work with", () -> {
      var response = scim.list(Schema.class, "/Schemas").get().sendRequest();
      var schemas = taken(200, response, response.getResource()).getListedResources();
      isTrue("some", schemas.size() >= 3);
      for (var schema : schemas) isTrue("attributes", !new Schema(schema).getAttributes().isEmpty());
    });
  }

  private static void users() {
    step("create a user", () -> {
      var response = scim.create(User.class, USERS).setResource(newUser("cap")).sendRequest();
      User made = taken(201, response, response.getResource());
      user = made.getId().orElseThrow();
      isTrue("location", made.getMeta().orElseThrow().getLocation().orElseThrow().endsWith("/Users/" + user));
      same("Deck", made.getEnterpriseUser().orElseThrow().getDepartment().orElseThrow());
      same("Berlin", made.getAddresses().get(0).getLocality().orElseThrow());
    });
    step("create a user again", () ->
        refused(409, "uniqueness", scim.create(User.class, USERS).setResource(newUser("cap")).sendRequest()));
    step("read what has not changed", () -> {
      ETag version = read(user).getMeta().orElseThrow().getVersion().orElseThrow();
      same(304, scim.get(User.class, USERS, user).setETagForIfNoneMatch(version).sendRequest().getHttpStatus());
    });
    step("replace a user, and not an old version", () -> {
      User before = read(user);
      ETag version = before.getMeta().orElseThrow().getVersion().orElseThrow();
      before.setNickName("Old salt");
      var response = scim.update(User.class, USERS, user).setETagForIfMatch(version).setResource(before).sendRequest();
      same("Old salt", taken(200, response, response.getResource()).getNickName().orElseThrow());
      var late = scim.update(User.class, USERS, user).setETagForIfMatch(version).setResource(before);
      refused(412, "", late.sendRequest());
    });
  }

  private static void patches() {
    step("patch: several operations with paths", () -> {
      User patched = changed(patch(PatchOp.REPLACE).path("nickName").value("Salt")
          .next().op(PatchOp.ADD).path("emails[type eq \"work\"].display").value("on board")
          .next().op(PatchOp.REPLACE).path(ENTERPRISE + ":department").value("Bridge")
          .next().op(PatchOp.REMOVE).path("photos"));
      same("Salt", patched.getNickName().orElseThrow());
      same("on board", patched.getEmails().get(0).getDisplay().orElseThrow());
      same("Bridge", patched.getEnterpriseUser().orElseThrow().getDepartment().orElseThrow());
      isTrue("no photos", patched.getPhotos().isEmpty());
    });
    step("patch without a path: a resource in a list of one", () -> {
      var phone = PhoneNumber.builder().value("+49 170 1").type("mobile").build();
      var value = User.builder().title("Captain").phoneNumbers(List.of(phone)).build();
      User patched = changed(patch(PatchOp.ADD).valueNode(value));
      same("Captain", patched.getTitle().orElseThrow());
      same(2, patched.getPhoneNumbers().size());
    });
    step("patch without a path: a resource as text", () -> {
      User value = User.builder().title("Admiral").name(Name.builder().honorificPrefix("Sir").build()).build();
      User patched = changed(patch(PatchOp.REPLACE).value(value.toString()));
      same("Admiral", patched.getTitle().orElseThrow());
      same("Sir", patched.getName().orElseThrow().getHonorificPrefix().orElseThrow());
      same("Tain", patched.getName().orElseThrow().getFamilyName().orElseThrow());
    });
    step("patch: one object, in a list and as text", () -> {
      changed(patch(PatchOp.REPLACE).path("name").valueNode(Name.builder().familyName("Main").build()));
      changed(patch(PatchOp.REPLACE).path("name").value(Name.builder().givenName("Cup").build().toString()));
      Name name = read(user).getName().orElseThrow();
      same("Cup Main", name.getGivenName().orElseThrow() + " " + name.getFamilyName().orElseThrow());
    });
    step("patch: several objects, as nodes and as texts", () -> {
      var home = PhoneNumber.builder().value("+49 30 2").type("home").build();
      var fax = PhoneNumber.builder().value("+49 30 3").type("fax").build();
      User replaced = changed(patch(PatchOp.REPLACE).path("phoneNumbers").valueNodes(List.of(home, fax)));
      same(2, replaced.getPhoneNumbers().size());
      var texts = List.of(home.toString(), PhoneNumber.builder().value("+49 30 4").type("other").build().toString());
      User patched = changed(patch(PatchOp.ADD).path("phoneNumbers").values(texts));
      same(3, patched.getPhoneNumbers().size());
      same("+49 30 4", patched.getPhoneNumbers().get(2).getValue().orElseThrow());
    });
    step("patch an element, by a node and by text", () -> {
      String path = "phoneNumbers[type eq \"fax\"]";
      changed(patch(PatchOp.REPLACE).path(path).valueNode(PhoneNumber.builder().value("+49 30 5").type("fax").build()));
      String text = PhoneNumber.builder().display("F").build().toString();
      User patched = changed(patch(PatchOp.ADD).path(path).value(text));
      same("+49 30 5 F", patched.getPhoneNumbers().get(1).getValue().orElseThrow() + " "
          + patched.getPhoneNumbers().get(1).getDisplay().orElseThrow());
    });
    step("patch a whole extension, by a node and by text", () -> {
      changed(patch(PatchOp.ADD).path(ENTERPRISE).valueNode(EnterpriseUser.builder().costCenter("C").build()));
      changed(patch(PatchOp.ADD).path(ENTERPRISE).value(EnterpriseUser.builder().division("D").build().toString()));
      EnterpriseUser extension = read(user).getEnterpriseUser().orElseThrow();
      same("C D 7", extension.getCostCenter().orElseThrow() + " " + extension.getDivision().orElseThrow() + " "
          + extension.getEmployeeNumber().orElseThrow());
    });
    step("patch another resource's id", () -> {
      String value = "{\"id\": \"another\", \"title\": \"T\"}";
      refused(400, "mutability", patch(PatchOp.REPLACE).value(value).build().sendRequest());
    });
    step("patch what nobody knows, and with no object", () -> {
      refused(400, "invalidPath", patch(PatchOp.REPLACE).path("anchor").value("x").build().sendRequest());
      refused(400, "invalidValue", patch(PatchOp.REPLACE).value("{not JSON}").build().sendRequest());
      same("Admiral", read(user).getTitle().orElseThrow());
    });
    step("deactivate and activate", () -> {
      same(false, changed(patch(PatchOp.REPLACE).path("active").value("false")).isActive().orElseThrow());
      same(true, changed(patch(PatchOp.REPLACE).path("active").value("true")).isActive().orElseThrow());
    });
  }

  private static void lists() {
    step("create a second user", () -> {
      var response = scim.create(User.class, USERS).setResource(newUser("mate")).sendRequest();
      second = taken(201, response, response.getResource()).getId().orElseThrow();
    });
    step("list by a filter, sorted, with some attributes", () -> {
      var response = scim.list(User.class, USERS).filter("userName", Comparator.SW, "CAP@")
          .or("userName", Comparator.EQ, "mate@" + domain).and("active", Comparator.EQ, "true").build()
          .sortBy("userName").sortOrder(SortOrder.DESCENDING).attributes("userName").get().sendRequest();
      var found = taken(200, response, response.getResource());
      same(2L, found.getTotalResults());
      same("mate@" + domain, found.getListedResources().get(0).getUserName().orElseThrow());
      isTrue("nothing else", found.getListedResources().get(0).getEmails().isEmpty());
    });
    step("search by POST, and read all", () -> {
      var response = scim.list(User.class, USERS).filter("emails.value", Comparator.EW, "@" + domain).build()
          .post().sendRequest();
      same(2L, taken(200, response, response.getResource()).getTotalResults());
      var all = scim.list(User.class, USERS).get().getAll();
      same(2, taken(200, all, all.getResource()).getListedResources().size());
    });
    step("a filter that is not one", () ->
        refused(400, "invalidFilter", scim.list(User.class, USERS).filter("userName eq").get().sendRequest()));
  }

  private static void groups() {
    step("create a group", () -> {
      var members = List.of(Member.builder().value(user).type("User").build());
      var made = Group.builder().displayName("Crew").externalId("crew").members(members).build();
      var response = scim.create(Group.class, GROUPS).setResource(made).sendRequest();
      Group stored = taken(201, response, response.getResource());
      group = stored.getId().orElseThrow();
      same(user, stored.getMembers().get(0).getValue().orElseThrow());
    });
    step("add members by a node and by text, and remove one", () -> {
      var patch = scim.patch(Group.class, GROUPS, group).addOperation();
      patch = patch.op(PatchOp.ADD).path("members").valueNode(Member.builder().value(second).build());
      taken(204, patch.build().sendRequest(), null);
      patch = scim.patch(Group.class, GROUPS, group).addOperation();
      patch = patch.op(PatchOp.REMOVE).path("members[value eq \"" + second + "\"]");
      taken(204, patch.build().sendRequest(), null);
      same(0, read(second).getGroups().size());
      patch = scim.patch(Group.class, GROUPS, group).addOperation();
      patch = patch.op(PatchOp.ADD).path("members").value(Member.builder().value(second).build().toString());
      taken(204, patch.build().sendRequest(), null);
      same("Crew", read(second).getGroups().get(0).getDisplay().orElseThrow());
    });
    step("rename the group", () -> {
      var patch = scim.patch(Group.class, GROUPS, group).addOperation();
      var response = patch.op(PatchOp.REPLACE).path("displayName").value("Hands").build().sendRequest();
      same("Hands", taken(200, response, response.getResource()).getDisplayName().orElseThrow());
    });
  }

  private static void bulk() {
    step("a bulk request with a reference and a removal", () -> {
      var members = List.of(Member.builder().value("bulkId:new").type("User").build());
      var response = scim.bulk()
          .bulkRequestOperation(USERS).bulkId("new").method(HttpMethod.POST).data(newUser("new"))
          .next().bulkRequestOperation(GROUPS).bulkId("with").method(HttpMethod.POST)
          .data(Group.builder().displayName("New").members(members).build())
          .next().bulkRequestOperation(GROUPS + "/" + group).method(HttpMethod.DELETE).sendRequest();
      var done = taken(200, response, response.getResource()).getBulkResponseOperations();
      same(List.of(201, 201, 204), done.stream().map(operation -> operation.getStatus()).toList());
      String made = done.get(0).getLocation().orElseThrow();
      same("New", read(made.substring(made.lastIndexOf('/') + 1)).getGroups().get(0).getDisplay().orElseThrow());
    });
  }

  private static void removal() {
    step("delete a user", () -> taken(204, scim.delete(User.class, USERS, user).sendRequest(), null));
    step("what is deleted is gone", () -> {
      refused(404, "", scim.get(User.class, USERS, user).sendRequest());
      refused(404, "", scim.delete(User.class, USERS, user).sendRequest());
      refused(404, "", scim.get(Group.class, GROUPS, group).sendRequest());
    });
  }
}
