# Descope's own Docebo connector. No sign-in needs it; delete this file if your flow shows nothing that Docebo answers.
# docs/lazy-sign-in.md says what it can decide and what not.
resource "descope_docebo_connector" "docebo" {
  project_id    = var.project_id
  name          = "docebo"
  description   = "Search for users in Docebo"
  base_url      = var.docebo_url
  client_id     = var.docebo_client_id
  client_secret = var.docebo_client_secret
  username      = var.docebo_username
  password      = var.docebo_password
}

variable "docebo_url" {
  description = "Descope's documentation gives https://api.docebo.com/manage/v1/user; all other sources use the platform's own host. Test the connector in the console."
  type        = string
}

variable "docebo_client_id" {
  description = "An OAuth2 app of Docebo with the password grant. Not the migrator's own, so that each can be revoked alone."
  type        = string
}

variable "docebo_client_secret" {
  description = "The secret of that app."
  type        = string
  sensitive   = true
}

variable "docebo_username" {
  description = "The Docebo user who searches."
  type        = string
}

variable "docebo_password" {
  description = "The password of that user."
  type        = string
  sensitive   = true
}
