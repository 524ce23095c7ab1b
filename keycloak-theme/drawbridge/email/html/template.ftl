<#-- Every mail of Keycloak goes through this layout: one calm card, readable without images and in dark mode. -->
<#macro emailLayout>
<!DOCTYPE html>
<html lang="${locale.language}" dir="${(ltr)?then('ltr','rtl')}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${realmName}</title>
<style>
  body { margin: 0; background: #edf2f1; color: #17252e; font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
  .card { max-width: 32rem; margin: 2rem auto; padding: 2rem; background: #ffffff; border: 1px solid #d5dee0; border-radius: 16px; }
  .brand { margin: 0 0 1.5rem; color: #14615e; font-weight: 600; }
  a { color: #14615e; font-weight: 600; }
  p { margin: 0 0 1rem; }
  @media (prefers-color-scheme: dark) {
    body { background: #121b20; color: #e8efef; }
    .card { background: #1c292f; border-color: #34454c; }
    .brand, a { color: #6cc3bb; }
  }
</style>
</head>
<body>
<div class="card">
<p class="brand">${realmName}</p>
<#nested>
</div>
</body>
</html>
</#macro>
