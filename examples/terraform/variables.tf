variable "project_id" {
  description = "The Descope project, P2..."
  type        = string
}

variable "migrator_url" {
  description = "Where the flow reaches `migrator serve`, behind a proxy with TLS: https://migrator.example.org"
  type        = string

  validation {
    condition     = startswith(var.migrator_url, "https://")
    error_message = "Logins and the token travel over this address: it must be https."
  }
}

variable "serve_token" {
  description = "The token of `migrator serve` (serve.token)."
  type        = string
  sensitive   = true
}

variable "sign_in_flow" {
  description = "The id of the flow that docs/lazy-sign-in.md describes."
  type        = string
}

variable "docebo_redirect_urls" {
  description = "The addresses that Docebo shows under Platform URLs in its OpenID Connect settings."
  type        = set(string)
}

variable "attribute_edit_permissions" {
  description = "Existing permissions, held by administrators only, that it takes to edit the migrator's attributes in the user management widget. An empty set would mean: anybody who has the widget."
  type        = set(string)

  validation {
    condition     = length(var.attribute_edit_permissions) > 0
    error_message = "Name at least one permission."
  }
}

variable "key_roles" {
  description = "The role names of the migrator's management key. The provider's documentation does not list them; the console does."
  type        = set(string)
}

variable "key_addresses" {
  description = "The addresses from which the migrator works."
  type        = list(string)
}

variable "key_expires" {
  description = "When the migrator's management key ends, as a Unix timestamp."
  type        = number
}
