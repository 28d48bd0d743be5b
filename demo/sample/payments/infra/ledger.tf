# The ledger and the bucket of settlement files.
resource "aws_db_instance" "ledger" {
  identifier          = "ledger"
  engine              = "postgres"
  instance_class      = "db.t3.medium"
  allocated_storage   = 50
  username            = "ledger"
  password            = "demo-not-real"
  publicly_accessible = true
  storage_encrypted   = false
  skip_final_snapshot = true
}

resource "aws_s3_bucket" "settlement" {
  bucket = "alderhaven-settlement"
}
