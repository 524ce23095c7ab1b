// A round of everything that the UnboundID SCIM 2 SDK can ask of a server, with its own strict types: an unknown
// attribute, a wrong type or a missing header of an answer is an exception there.

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.unboundid.scim2.client.ScimService;
import com.unboundid.scim2.common.exceptions.BadRequestException;
import com.unboundid.scim2.common.exceptions.NotModifiedException;
import com.unboundid.scim2.common.exceptions.PreconditionFailedException;
import com.unboundid.scim2.common.exceptions.ResourceConflictException;
import com.unboundid.scim2.common.exceptions.ResourceNotFoundException;
import com.unboundid.scim2.common.exceptions.UnauthorizedException;
import com.unboundid.scim2.common.filters.Filter;
import com.unboundid.scim2.common.messages.ListResponse;
import com.unboundid.scim2.common.messages.PatchOperation;
import com.unboundid.scim2.common.messages.SortOrder;
import com.unboundid.scim2.common.types.Email;
import com.unboundid.scim2.common.types.EnterpriseUserExtension;
import com.unboundid.scim2.common.types.GroupResource;
import com.unboundid.scim2.common.types.Manager;
import com.unboundid.scim2.common.types.Member;
import com.unboundid.scim2.common.types.Name;
import com.unboundid.scim2.common.types.PhoneNumber;
import com.unboundid.scim2.common.types.UserResource;
import jakarta.ws.rs.client.ClientBuilder;
import jakarta.ws.rs.client.ClientRequestFilter;
import java.util.ArrayList;
import java.util.List;
import org.glassfish.jersey.apache.connector.ApacheConnectorProvider;
import org.glassfish.jersey.client.ClientConfig;

final class UnboundIdRound extends Steps {
  private static <E extends Exception> E refused(Class<E> with, Step step) throws Exception {
    try {
      step.run();
    } catch (Exception trouble) {
      if (with.isInstance(trouble)) return with.cast(trouble);
      throw trouble;
    }
    throw new AssertionError("was not refused with " + with.getSimpleName());
  }

  private static ScimService service(String url, String token) {
    ClientConfig config = new ClientConfig().connectorProvider(new ApacheConnectorProvider());
    ClientRequestFilter bearer = request -> request.getHeaders().add("Authorization", "Bearer " + token);
    return new ScimService(ClientBuilder.newClient(config).register(bearer).target(url));
  }

  private static UserResource newUser(String userName, String familyName) {
    UserResource user = new UserResource().setUserName(userName).setDisplayName(familyName).setActive(true);
    user.setName(new Name().setGivenName("Ute").setFamilyName(familyName));
    user.setEmails(new Email().setValue(userName).setType("work").setPrimary(true));
    user.setExternalId("external-" + userName);
    return user;
  }

  private static UserResource user;
  private static UserResource second;
  private static GroupResource group;

  public static void main(String[] arguments) {
    String domain = arguments[2];
    ScimService scim = service(arguments[0], arguments[1]);
    discovery(scim, arguments[0]);
    users(scim, domain);
    lists(scim, domain);
    groups(scim);
    removal(scim);
    end();
  }

  private static void discovery(ScimService scim, String url) {
    step("service provider configuration", () -> {
      var config = scim.getServiceProviderConfig();
      isTrue("patch", config.getPatch().isSupported());
      isTrue("filter", config.getFilter().isSupported());
      isTrue("sort", config.getSort().isSupported());
      isTrue("etag", config.getEtag().isSupported());
    });
    step("resource types, each by its id", () -> {
      for (var type : scim.getResourceTypes()) same(type.getName(), scim.getResourceType(type.getId()).getName());
    });
    step("schemas, each by its id", () -> {
      int found = 0;
      for (var schema : scim.getSchemas()) {
        same(schema.getId(), scim.getSchema(schema.getId()).getId());
        found += 1;
      }
      isTrue("user, group and enterprise schemas", found >= 3);
    });
    step("a wrong token is refused", () ->
        refused(UnauthorizedException.class, () -> service(url, "wrong").getResourceTypes()));
  }

  private static void users(ScimService scim, String domain) {
    step("create a user", () -> {
      user = scim.create("Users", newUser("ute@" + domain, "First"));
      same("First", user.getName().getFamilyName());
      same("external-ute@" + domain, user.getExternalId());
      isTrue("meta", user.getMeta().getLocation() != null && user.getMeta().getVersion() != null);
      same("User", user.getMeta().getResourceType());
      isTrue("created", user.getMeta().getCreated() != null && user.getMeta().getLastModified() != null);
    });
    step("create a user again", () -> {
      var trouble = refused(ResourceConflictException.class,
          () -> scim.create("Users", newUser("UTE@" + domain, "First")));
      same("uniqueness", trouble.getScimError().getScimType());
    });
    step("create without a userName", () -> {
      var trouble = refused(BadRequestException.class, () -> scim.create("Users", new UserResource()));
      same("invalidValue", trouble.getScimError().getScimType());
    });
    step("retrieve by id, by address, and again", () -> {
      same(user, scim.retrieve("Users", user.getId(), UserResource.class));
      same(user, scim.retrieve(user.getMeta().getLocation(), UserResource.class));
      same(user, scim.retrieve(user));
    });
    step("retrieve what has not changed", () ->
        refused(NotModifiedException.class, () -> scim.retrieveRequest(user).ifNoneMatch().invoke()));
    step("retrieve some attributes", () -> {
      var some = scim.retrieveRequest("Users", user.getId()).attributes("userName").invoke(UserResource.class);
      same(user.getUserName(), some.getUserName());
      isTrue("nothing else", some.getName() == null && some.getEmails() == null);
      var rest = scim.retrieveRequest("Users", user.getId()).excludedAttributes("emails").invoke(UserResource.class);
      isTrue("all but e-mails", rest.getEmails() == null && rest.getName() != null);
    });
    step("replace, with the version that was read", () -> {
      UserResource before = scim.retrieve(user);
      user.setTitle("Engineer").setPhoneNumbers(new PhoneNumber().setType("mobile").setValue("+49 170 1"));
      user = scim.replaceRequest(user).ifMatch().invoke();
      same("Engineer", user.getTitle());
      isTrue("new version", !before.getMeta().getVersion().equals(user.getMeta().getVersion()));
      refused(PreconditionFailedException.class, () -> scim.replaceRequest(before).ifMatch().invoke());
    });
    step("modify: replace, add and remove by paths", () -> {
      user = scim.modifyRequest(user)
          .replaceValue("name.familyName", "Second")
          .replaceValue("emails[type eq \"work\"].display", "at work")
          .addValues("emails", new Email().setType("home").setValue("ute@home.example"))
          .removeValues("title")
          .ifMatch()
          .invoke();
      same("Second", user.getName().getFamilyName());
      same("Ute", user.getName().getGivenName());
      same(2, user.getEmails().size());
      isTrue("no title", user.getTitle() == null);
      user = scim.modifyRequest(user).removeValues("emails[type eq \"home\"]").invoke();
      same(1, user.getEmails().size());
      same("at work", user.getEmails().get(0).getDisplay());
    });
    step("modify without a path", () -> {
      var value = JsonNodeFactory.instance.objectNode().put("nickName", "U").put("preferredLanguage", "de");
      user = scim.modifyRequest(user).addOperation(PatchOperation.replace(value)).invoke();
      same("U", user.getNickName());
      same("de", user.getPreferredLanguage());
    });
    step("modify the enterprise extension, a manager too", () -> {
      second = scim.create("Users", newUser("boss@" + domain, "Boss"));
      user.setExtension(new EnterpriseUserExtension().setDepartment("Research")
          .setManager(new Manager().setValue(second.getId())));
      user = scim.replace(user);
      var extension = user.getExtension(EnterpriseUserExtension.class);
      same("Research", extension.getDepartment());
      same(second.getId(), extension.getManager().getValue());
      String urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:";
      user = scim.modifyRequest(user).replaceValue(urn + "costCenter", "4711").removeValues(urn + "manager").invoke();
      extension = user.getExtension(EnterpriseUserExtension.class);
      same("4711", extension.getCostCenter());
      isTrue("no manager", extension.getManager() == null);
    });
    step("remove what is not there", () -> {
      var trouble = refused(BadRequestException.class,
          () -> scim.modifyRequest(user).removeValues("emails[type eq \"fax\"]").invoke());
      same("noTarget", trouble.getScimError().getScimType());
    });
    step("a value that cannot be one", () -> {
      var trouble = refused(BadRequestException.class,
          () -> scim.modifyRequest(user).replaceValue("active", "perhaps").invoke());
      same("invalidValue", trouble.getScimError().getScimType());
    });
    step("an attribute that nobody knows", () -> {
      var trouble = refused(BadRequestException.class,
          () -> scim.modifyRequest(user).replaceValue("nothingOfTheKind", "x").invoke());
      same("invalidPath", trouble.getScimError().getScimType());
    });
    step("deactivate and activate", () -> {
      same(false, scim.modifyRequest(user).replaceValue("active", false).invoke().getActive());
      same(true, scim.modifyRequest(user).replaceValue("active", true).invoke().getActive());
    });
  }

  private static void lists(ScimService scim, String domain) {
    List<String> created = new ArrayList<>();
    step("create twenty more", () -> {
      for (int n = 0; n < 20; n += 1) {
        created.add(scim.create("Users", newUser(String.format("n%02d@%s", n, domain), "Many")).getId());
      }
    });
    step("search by filters", () -> {
      same(1, scim.search("Users", Filter.eq("userName", "UTE@" + domain).toString(), UserResource.class)
          .getTotalResults());
      Filter many = Filter.and(Filter.eq("name.familyName", "Many"), Filter.not(Filter.sw("userName", "n0")));
      same(10, scim.searchRequest("Users").filter(many).invoke(UserResource.class).getTotalResults());
      Filter element = Filter.hasComplexValue("emails",
          Filter.and(Filter.eq("type", "work"), Filter.ew("value", "@" + domain)));
      same(22, scim.searchRequest("Users").filter(element).page(1, 1).invoke(UserResource.class).getTotalResults());
      same(0, scim.search("Users", Filter.eq("userName", "nobody").toString(), UserResource.class).getTotalResults());
    });
    step("search by POST", () -> {
      Filter filter = Filter.or(Filter.eq("userName", "n00@" + domain), Filter.eq("userName", "n01@" + domain));
      ListResponse<UserResource> found = scim.searchRequest("Users").filter(filter).attributes("userName")
          .invokePost(UserResource.class);
      same(2, found.getTotalResults());
      for (UserResource each : found) isTrue("only the name", each.getUserName() != null && each.getName() == null);
    });
    step("a filter that is not one", () -> {
      var trouble = refused(BadRequestException.class,
          () -> scim.searchRequest("Users").filter("userName eq").invoke(UserResource.class));
      same("invalidFilter", trouble.getScimError().getScimType());
    });
    step("walk by pages, sorted", () -> {
      List<String> walked = new ArrayList<>();
      for (int start = 1; start <= 20; start += 7) {
        ListResponse<UserResource> page = scim.searchRequest("Users").filter("name.familyName eq \"Many\"")
            .sort("userName", SortOrder.DESCENDING).page(start, 7).invoke(UserResource.class);
        same(20, page.getTotalResults());
        same(start, page.getStartIndex());
        for (UserResource each : page) walked.add(0, each.getId());
      }
      same(created, walked);
    });
    step("walk by a cursor", () -> {
      List<String> walked = new ArrayList<>();
      ListResponse<UserResource> page = scim.searchRequest("Users").filter("name.familyName eq \"Many\"")
          .firstPageCursorWithCount(7).invoke(UserResource.class);
      for (;;) {
        for (UserResource each : page) walked.add(each.getId());
        if (page.getNextCursor() == null) break;
        page = scim.searchRequest("Users").filter("name.familyName eq \"Many\"")
            .pageWithCursor(page.getNextCursor(), 7).invoke(UserResource.class);
      }
      same(20, walked.size());
      isTrue("each once", walked.containsAll(created));
      var trouble = refused(BadRequestException.class, () -> scim.searchRequest("Users")
          .pageWithCursor("nothingLikeIt", 7).invoke(UserResource.class));
      same("invalidCursor", trouble.getScimError().getScimType());
    });
    step("remove them", () -> {
      for (String id : created) scim.delete("Users", id);
    });
  }

  private static void groups(ScimService scim) {
    step("create a group", () -> {
      group = new GroupResource().setDisplayName("Round");
      group = scim.create("Groups", group.setMembers(new Member().setValue(user.getId())));
      same(1, group.getMembers().size());
      same(user.getId(), group.getMembers().get(0).getValue());
      same(user.getMeta().getLocation(), group.getMembers().get(0).getRef());
    });
    step("rename the group", () -> {
      group = scim.modifyRequest(group).replaceValue("displayName", "Renamed").ifMatch().invoke();
      same("Renamed", group.getDisplayName());
      same(1, group.getMembers().size());
    });
    step("add and remove a member", () -> {
      scim.modifyRequest("Groups", group.getId()).addValues("members", new Member().setValue(second.getId()))
          .invoke(GroupResource.class);
      same(2, scim.retrieve(group).getMembers().size());
      scim.modifyRequest("Groups", group.getId()).removeValues("members[value eq \"" + user.getId() + "\"]")
          .invoke(GroupResource.class);
      group = scim.retrieve(group);
      same(second.getId(), group.getMembers().get(0).getValue());
      same(1, group.getMembers().size());
    });
    step("a user's groups", () -> {
      var groups = scim.retrieve(second).getGroups();
      same(1, groups.size());
      same(group.getId(), groups.get(0).getValue());
      same("Renamed", groups.get(0).getDisplay());
    });
    step("find groups by a member, without members", () -> {
      ListResponse<GroupResource> found = scim.searchRequest("Groups")
          .filter("members.value eq \"" + second.getId() + "\"").excludedAttributes("members")
          .invoke(GroupResource.class);
      same(1, found.getTotalResults());
      isTrue("no members", found.getResources().get(0).getMembers() == null);
    });
    step("replace the group", () -> {
      group.setMembers(new Member().setValue(user.getId()));
      group = scim.replaceRequest(group).ifMatch().invoke();
      same(user.getId(), group.getMembers().get(0).getValue());
    });
  }

  private static void removal(ScimService scim) {
    step("delete with an old version", () -> refused(PreconditionFailedException.class,
        () -> scim.deleteRequest("Groups", group.getId()).ifMatch("W/\"1\"").invoke()));
    step("delete all", () -> {
      scim.delete(group);
      scim.delete(user);
      scim.delete("Users", second.getId());
      same(0, scim.search("Users", null, UserResource.class).getTotalResults());
    });
    step("what is deleted is gone", () -> {
      refused(ResourceNotFoundException.class, () -> scim.retrieve("Users", user.getId(), UserResource.class));
      refused(ResourceNotFoundException.class, () -> scim.delete("Groups", group.getId()));
    });
  }
}
