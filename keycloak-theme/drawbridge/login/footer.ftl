<#-- Keycloak's hook at the foot of the card. It says which organization asks, and leads where Keycloak itself cannot
     route: people whose address is of no domain it knows. Where Drawbridge is comes from the realm's text dbBaseUrl,
     which the bootstrap writes. -->
<#macro content>
<#if org??>
  <p class="db-organization"><span>${org.name!org.alias}</span></p>
</#if>
<#if ["login-username", "login", "login-password"]?seq_contains(pageId!"") && msg("dbBaseUrl")?starts_with("http")>
  <p class="db-company">
    <a id="db-company-link" href="${msg("dbBaseUrl")}/sso/start<#if auth?has_content && auth.showUsername()>?email=${auth.attemptedUsername?url('UTF-8')}</#if>">${msg("dbCompanyLink")}</a>
  </p>
</#if>
</#macro>
