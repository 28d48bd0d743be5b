# Where issued tickets lie.
resource "aws_s3_bucket" "tickets" {
  bucket = "alderhaven-tickets"
}

resource "aws_s3_bucket_acl" "tickets" {
  bucket = aws_s3_bucket.tickets.id
  acl    = "public-read"
}

resource "aws_s3_bucket_public_access_block" "tickets" {
  bucket                  = aws_s3_bucket.tickets.id
  block_public_acls       = false
  block_public_policy     = false
  ignore_public_acls      = false
  restrict_public_buckets = false
}

resource "aws_security_group" "web" {
  name        = "booking-web"
  description = "Booking web"

  ingress {
    description = "everything from everywhere"
    from_port   = 0
    to_port     = 65535
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }

  egress {
    description = "everything to everywhere"
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
