output "migrator_management_key" {
  description = "For `descope.management_key` of the migrator's configuration; shown once."
  value       = descope_management_key.migrator.cleartext
  sensitive   = true
}

output "docebo_oidc_client_id" {
  description = "For Docebo's OpenID Connect settings."
  value       = descope_oidc_app.docebo.client_id
}

output "docebo_oidc_client_secret" {
  description = "For Docebo's OpenID Connect settings."
  value       = descope_oidc_app.docebo.client_secret
  sensitive   = true
}

output "issuer" {
  description = "For Docebo's OpenID Connect settings, in the US region and without a custom domain."
  value       = "https://api.descope.com/${var.project_id}"
}
