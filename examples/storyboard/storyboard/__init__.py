"""Makes the shots of a storyboard move: each drawing becomes a clip, which is kept in S3."""
