# What surrounds the sign-in flow and Docebo's OIDC client. The flow itself is not here: see README.md.

terraform {
  required_version = ">= 1.5"
  required_providers {
    descope = {
      source  = "descope/descope"
      version = "~> 1.0"
    }
  }
}

# The key with which Terraform works comes from DESCOPE_MANAGEMENT_KEY. It is another one than the migrator's below.
provider "descope" {}

locals {
  # The attributes that the migrator sets on everybody. `migrator run` would define those that are missing, too.
  attributes = {
    doceboUserId    = "string"
    doceboPlatform  = "string"
    doceboUsername  = "string"
    freshlyMigrated = "boolean"
  }
}

resource "descope_user_attribute" "migrator" {
  for_each   = local.attributes
  project_id = var.project_id
  id         = each.key
  name       = each.key
  type       = each.value

  # Whoever can change doceboUsername decides into whose Docebo account a person gets.
  widget_authorization = {
    edit_permissions = var.attribute_edit_permissions
  }

  # A definition that goes takes the values of all users with it.
  lifecycle {
    prevent_destroy = true
  }
}

# A role that a rule of `mapping.roles` or `mapping.tenants` gives; one for each that your rules name.
resource "descope_role" "learner" {
  project_id  = var.project_id
  name        = "Learner"
  description = "Everybody who came from Docebo"
}

# The sign-in flow asks `migrator serve` through this connector.
resource "descope_http_connector" "migrator" {
  project_id  = var.project_id
  name        = "migrator"
  description = "migrator serve: whether a person is ready to sign in"
  base_url    = var.migrator_url

  authentication = {
    bearer_token = var.serve_token
  }

  # The flow's conditions read `.statusCode` and `.body`, which exist only with this switch.
  include_headers_in_context = true

  # So that the firewall in front of `migrator serve` can let in Descope alone.
  use_static_ips = true
}

# Docebo as a client of Descope.
resource "descope_oidc_app" "docebo" {
  project_id     = var.project_id
  name           = "Docebo"
  login_page_url = "https://auth.descope.io/${var.project_id}?flow=${var.sign_in_flow}"

  # Only announced here. That a token carries doceboUsername is set up by hand: docs/cut-over.md.
  claims = ["sub", "name", "email", "doceboUsername"]

  client_type            = "confidential"
  approved_redirect_urls = var.docebo_redirect_urls

  # Docebo uses the authorization code alone.
  client_credentials_disabled = true
  device_code_disabled        = true
  jwt_bearer_disabled         = true
}

# The key that the migrator works with, for this project alone.
resource "descope_management_key" "migrator" {
  name          = "docebo-migrator"
  description   = "Docebo to Descope migrator"
  expire_time   = var.key_expires
  permitted_ips = var.key_addresses

  rebac = {
    project_roles = [
      {
        project_ids = [var.project_id]
        roles       = var.key_roles
      },
    ]
  }
}
